//! The keys that trials are made with: those that the request's own verification was made with, and their neighbours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::key::{KeyName, KeySet, KeyStore, Lookup, Refresh};
use crate::rejection::{Class, Rejection};

use super::steps::Facts;
use super::{Hints, NeighbouringKeys};

/// A key store that remembers what it handed out.
pub(super) struct Recorder {
    keys: Arc<dyn KeyStore>,
    seen: Mutex<Keys>,
}

/// The keys of each name.
pub(super) type Keys = HashMap<KeyName, Arc<KeySet>>;

impl Recorder {
    pub(super) fn new(keys: Arc<dyn KeyStore>) -> Self {
        Self { keys, seen: Mutex::default() }
    }

    /// The newest keys of a name that were handed out.
    pub(super) fn seen(&self, name: &KeyName) -> Option<Arc<KeySet>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn note(&self, name: &KeyName, keys: &Arc<KeySet>) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), Arc::clone(keys));
    }
}

impl KeyStore for Recorder {
    fn cached(&self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>> {
        self.keys.cached(name, now).inspect(|keys| self.note(name, keys))
    }

    fn lookup<'a>(&'a self, name: &'a KeyName, now: SystemTime) -> Lookup<'a> {
        Box::pin(async move { self.keys.lookup(name, now).await.inspect(|keys| self.note(name, keys)) })
    }

    fn refresh<'a>(&'a self, name: &'a KeyName, at_hand: &'a Arc<KeySet>, now: SystemTime) -> Refresh<'a> {
        Box::pin(async move {
            let newer = self.keys.refresh(name, at_hand, now).await?;
            Ok(newer.inspect(|keys| self.note(name, keys)))
        })
    }
}

/// The keys for the trials: of the name in the `Signature` header, looked up if the refusal came before that, and of its
/// neighbours if the hints say so. They are copies, so that no trial marks a key of the verifier as proven.
///
/// # Errors
/// Why there is none.
pub(super) async fn at_hand(
    recorder: &Recorder,
    facts: &Facts<'_, '_>,
    rejection: &Rejection,
    hints: &Hints,
    now: SystemTime,
) -> Result<Keys, Rejection> {
    if rejection.class() == Class::Temporary || matches!(rejection, Rejection::TooManyHeaders { .. }) {
        return Err(rejection.clone());
    }
    let name = facts.trusted_key_name()?;
    let own = match recorder.seen(&name) {
        Some(keys) => Ok(keys),
        // It was looked up, and is not there.
        None if rejection.step() == 9 => Err(rejection.clone()),
        None => find(recorder, &name, now).await,
    };
    let mut keys = Keys::new();
    let is_suspect = own.is_err() || matches!(rejection, Rejection::BadSignature);
    if hints.neighbouring_keys == NeighbouringKeys::LookUp && is_suspect {
        for neighbour in neighbours(&name) {
            if let Ok(found) = find(recorder, &neighbour, now).await {
                keys.insert(neighbour, copy(&found));
            }
        }
    }
    match own {
        Ok(own) => drop(keys.insert(name, copy(&own))),
        Err(reason) if keys.is_empty() => return Err(reason),
        Err(_) => {}
    }
    Ok(keys)
}

async fn find(recorder: &Recorder, name: &KeyName, now: SystemTime) -> Result<Arc<KeySet>, Rejection> {
    match recorder.cached(name, now) {
        Some(keys) => Ok(keys),
        None => Ok(recorder.lookup(name, now).await?),
    }
}

fn copy(keys: &Arc<KeySet>) -> Arc<KeySet> {
    Arc::new(KeySet::clone(keys))
}

/// The names of the month before and the month behind, if the name begins with a month.
fn neighbours(name: &KeyName) -> impl Iterator<Item = KeyName> {
    let month = || {
        let (label, rest) = name.as_str().split_once('.')?;
        let (year, month) = label.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let (year, month) = (year.parse::<u16>().ok()?, month.parse::<u16>().ok()?);
        (1..=12).contains(&month).then_some((year, month, rest))
    };
    month().into_iter().flat_map(|(year, month, rest)| {
        let before = if month == 1 { (year.saturating_sub(1), 12) } else { (year, month - 1) };
        let behind = if month == 12 { (year.saturating_add(1), 1) } else { (year, month + 1) };
        [before, behind]
            .into_iter()
            .filter_map(move |(year, month)| KeyName::parse(&format!("{year:04}-{month:02}.{rest}")).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neighbours_of_a_month_are_two_months() {
        for (name, expected) in [
            ("2026-11._domainkey.a.example", &["2026-10._domainkey.a.example", "2026-12._domainkey.a.example"][..]),
            ("2026-01.a", &["2025-12.a", "2026-02.a"]),
            ("2026-12.a", &["2026-11.a", "2027-01.a"]),
            ("0000-01.a", &["0000-12.a", "0000-02.a"]),
            ("2026-13.a", &[]),
            ("2026-00.a", &[]),
            ("2026-1.a", &[]),
            ("x._domainkey.a", &[]),
            ("2026-11", &[]),
        ] {
            let name = KeyName::parse(name).unwrap();
            let found: Vec<_> = neighbours(&name).map(|name| name.to_string()).collect();
            assert_eq!(found, expected, "{name}");
        }
    }
}
