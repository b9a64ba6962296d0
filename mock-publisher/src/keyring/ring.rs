use std::sync::Arc;

use super::{KeyPair, KeyState};
use crate::clock::Millis;

/// One key of the ring. Times are by the publisher's clock.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) selector: String,
    pub(super) pair: Arc<KeyPair>,
    pub(super) made: Millis,
    /// It is in DNS from here on,
    pub(super) from: Millis,
    /// and until here.
    pub(super) until: Option<Millis>,
    pub(super) revoked: bool,
}

impl Entry {
    /// The first key of a publisher, which has always been in DNS.
    pub(super) const fn first(selector: String, pair: Arc<KeyPair>, made: Millis) -> Self {
        Self { selector, pair, made, from: Millis::MIN, until: None, revoked: false }
    }

    pub(super) fn state(&self, now: Millis) -> KeyState {
        // Where the clock was set back behind it, it is taken as it is.
        if now < self.from && now >= self.made {
            KeyState::Unpublished
        } else if self.until.is_some_and(|until| until <= now) {
            KeyState::Retired
        } else if self.revoked {
            KeyState::Revoked
        } else {
            KeyState::Published
        }
    }
}

/// All keys, oldest first. The last one signs.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    entries: Vec<Entry>,
}

/// How many keys are remembered.
const MOST: usize = 100;

impl Ring {
    /// At least one.
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        debug_assert!(!entries.is_empty(), "somebody signs");
        Self { entries }
    }

    pub(super) fn signing(&self) -> &Entry {
        &self.entries[self.entries.len() - 1]
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// Those that have a record in DNS.
    pub(super) fn published(&self, now: Millis) -> impl Iterator<Item = &Entry> {
        self.newest_first().filter(move |entry| matches!(entry.state(now), KeyState::Published | KeyState::Revoked))
    }

    pub(super) fn has(&self, selector: &str) -> bool {
        self.entries.iter().any(|entry| entry.selector == selector)
    }

    /// A selector that is not taken: the wanted one, or the wanted one with a number behind it.
    pub(super) fn free(&self, wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
        let numbered = (2_u32..).map(|number| format!("{wanted}-{number}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
        candidates.find(|candidate| !self.has(candidate) && !is_taken(candidate)).unwrap_or_default()
    }

    /// Lets another key sign. The one before it stays in DNS until then.
    pub(super) fn take_over(&mut self, entry: Entry, until: Option<Millis>) {
        if let Some(before) = self.entries.last_mut() {
            before.until = before.until.or(until);
        }
        self.entries.push(entry);
        let too_many = self.entries.len().saturating_sub(MOST);
        self.entries.drain(..too_many);
    }

    pub(super) fn revoke(&mut self, name: &str) {
        for entry in self.entries.iter_mut().filter(|entry| entry.pair.name.as_str() == name) {
            entry.revoked = true;
        }
    }
}
