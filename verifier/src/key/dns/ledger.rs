//! What is known of each name, and what follows from it for who asks. Pure: the time is an argument, and whoever is told to
//! ask does so elsewhere.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::allowance::Allowance;
use super::flight::{Asker, Flights, Outcome, Ticket, Waiting};
use super::shelf::Shelf;
use super::span::Span;
use super::statistics::Counters;
use super::{TTL_CEILING, TTL_FLOOR};
use crate::key::{KeyError, KeyName, KeySet};

/// How many names of strangers are kept. A name is kept only if it has a key.
const MAX_NAMES: usize = 1024;
/// How many names without a key are remembered.
const MAX_MEMOS: usize = 1024;
/// For how long it is remembered that a name has no key. It is short because names can be foretold: who asks for next
/// month's key too early must not hide it.
const NEGATIVE: Duration = Duration::from_secs(10);
/// A question that failed is not repeated for so long (RFC 9520 section 3.2).
const FAILURE: Duration = Duration::from_secs(1);
/// While DNS fails, keys that are past their time to live are looked up again so often (RFC 8767 section 5).
const RECHECK: Duration = Duration::from_secs(30);
/// Keys that did not make a signature are looked up again so often.
const REFRESH: Duration = Duration::from_secs(30);

pub(super) struct Ledger {
    shelf: Arc<Shelf>,
    counters: Arc<Counters>,
    kept: HashMap<KeyName, Kept>,
    memos: HashMap<KeyName, Memo>,
    flights: Flights,
    new_names: Allowance,
    expected: HashSet<KeyName>,
    serve_stale_for: Duration,
}

/// The keys of a name.
struct Kept {
    keys: Arc<KeySet>,
    /// Shortly after they were looked up again for a bad signature they are as new as can be.
    refreshed: Option<Span>,
    /// Until their time to live is over.
    fresh: Span,
    /// Until they are of no use even while DNS fails.
    usable: Span,
    /// The same keys, marked as past their time to live. There while DNS fails.
    stale: Option<Arc<KeySet>>,
    /// The last attempt to look them up again failed, so that there is none for a while.
    failed: Option<(String, Span)>,
}

/// What a question about a name without keys brought, and for how long it stands.
struct Memo {
    error: KeyError,
    span: Span,
}

/// What to do for somebody who needs the keys of a name.
pub(super) enum Decision {
    /// It is settled.
    Answer(Outcome),
    /// Those at hand are as new as can be.
    Stands,
    /// Somebody asks already.
    Join(Waiting),
    /// Ask, and report to this ticket.
    Ask(Ticket, Waiting),
}

impl Ledger {
    pub(super) fn new(
        shelf: Arc<Shelf>,
        counters: Arc<Counters>,
        new_names: Allowance,
        serve_stale_for: Duration,
    ) -> Self {
        let (kept, memos, flights, expected) = Default::default();
        Self { shelf, counters, kept, memos, flights, new_names, expected, serve_stale_for }
    }

    pub(super) fn expect(&mut self, names: impl IntoIterator<Item = KeyName>) {
        self.expected.extend(names);
    }

    pub(super) fn serve_stale_for(&mut self, duration: Duration) {
        self.serve_stale_for = duration;
    }

    pub(super) fn allow_new_names(&mut self, allowance: Allowance) {
        self.new_names = allowance;
    }

    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// For somebody who has no keys of this name.
    pub(super) fn look_up(&mut self, name: &KeyName, now: SystemTime) -> Decision {
        // Somebody else's question may just have brought them.
        if let Some(keys) = self.shelf.serve(name, now) {
            return Decision::Answer(Ok(keys));
        }
        if let Some(waiting) = self.flights.join(name) {
            self.counters.joined.count();
            return Decision::Join(waiting);
        }
        if let Some(memo) = self.memos.get(name).filter(|memo| memo.span.contains(now)) {
            self.counters.remembered.count();
            return Decision::Answer(Err(memo.error.clone()));
        }
        if self.kept.get(name).is_some_and(|kept| kept.is_served_past_its_time(now) && kept.stale.is_some()) {
            // DNS failed before: one caller asks again. Everybody else is served as before, and does not wait for it.
            self.stale(name, now);
        }
        self.ask(name, now)
    }

    /// For somebody whose keys did not make a signature.
    pub(super) fn refresh(&mut self, name: &KeyName, at_hand: &Arc<KeySet>, now: SystemTime) -> Decision {
        let Some(kept) = self.kept.get(name) else { return self.look_up(name, now) };
        if !Arc::ptr_eq(&kept.keys, at_hand) && kept.fresh.contains(now) {
            return Decision::Answer(Ok(Arc::clone(&kept.keys)));
        }
        if let Some(waiting) = self.flights.join(name) {
            self.counters.joined.count();
            return Decision::Join(waiting);
        }
        if let Some((reason, _)) = kept.failed.as_ref().filter(|(_, span)| span.contains(now)) {
            self.counters.remembered.count();
            return Decision::Answer(Err(KeyError::Temporary(reason.clone())));
        }
        if kept.refreshed.is_some_and(|span| span.contains(now)) {
            return Decision::Stands;
        }
        let decision = self.ask(name, now);
        // Who was put off has not looked them up.
        if let (Decision::Ask(..), Some(kept)) = (&decision, self.kept.get_mut(name)) {
            kept.refreshed = Some(Span::starting(now, REFRESH));
        }
        decision
    }

    /// What a question brought. What of it is to be passed on, or nothing if it was given up before.
    pub(super) fn settle(
        &mut self,
        name: &KeyName,
        number: u64,
        answer: Result<KeySet, KeyError>,
        now: SystemTime,
    ) -> Option<Outcome> {
        if !self.flights.end(name, number) {
            return None;
        }
        Some(match answer {
            Ok(keys) => {
                self.counters.found.count();
                Ok(self.keep(name, keys, now))
            }
            Err(KeyError::Temporary(reason)) => {
                self.counters.failed.count();
                self.note_failure(name, reason, now)
            }
            Err(permanent) => {
                self.counters.refused.count();
                if self.kept.get(name).is_some_and(|kept| kept.keys.is_proven()) {
                    tracing::warn!(%name, reason = %permanent, "a name has lost its keys, which had verified signatures");
                }
                self.drop_keys(name);
                self.remember(name, Memo { error: permanent.clone(), span: Span::starting(now, NEGATIVE) }, now);
                Err(permanent)
            }
        })
    }

    /// A question ended without an answer of any kind.
    pub(super) fn give_up(&mut self, name: &KeyName, number: u64) {
        self.flights.end(name, number);
    }

    /// Whether there are keys to go on with if DNS does not answer.
    pub(super) fn has_stale(&self, name: &KeyName, now: SystemTime) -> bool {
        self.kept.get(name).is_some_and(|kept| kept.is_served_past_its_time(now))
    }

    /// Keys that are past their time to live, for somebody who has waited long enough. From now on, and until it is time to
    /// ask again, they are served to everybody.
    pub(super) fn stale(&mut self, name: &KeyName, now: SystemTime) -> Option<Arc<KeySet>> {
        let kept = self.kept.get_mut(name).filter(|kept| kept.is_served_past_its_time(now))?;
        if let Some(served) = self.shelf.serve(name, now) {
            return Some(served);
        }
        let stale = kept.stale.get_or_insert_with(|| Arc::new(KeySet::clone(&kept.keys).into_stale()));
        self.counters.stale.count();
        self.shelf.put(name, Arc::clone(stale), Span::starting(now, RECHECK).within(&kept.usable));
        tracing::warn!(%name, "DNS does not answer; proven keys are served past their time to live");
        Some(Arc::clone(stale))
    }

    /// A question, if it is about a name of ours, or strangers have not asked too much.
    ///
    /// About a name of ours there is one question at a time, so there are no more of them than proven names, which are at most
    /// [`MAX_NAMES`], and expected ones.
    fn ask(&mut self, name: &KeyName, now: SystemTime) -> Decision {
        let asker = if self.is_ours(name) { Asker::Ours } else { Asker::Stranger };
        if let Asker::Stranger = asker {
            let put_off = if !self.flights.have_room() {
                Some("too many lookups are under way")
            } else if !self.new_names.take(now) {
                Some("too many lookups of names that have verified nothing yet")
            } else {
                None
            };
            if let Some(reason) = put_off {
                self.counters.throttled.count();
                return Decision::Answer(Err(KeyError::Temporary(reason.to_owned())));
            }
        }
        self.counters.questions.count();
        let (ticket, waiting) = self.flights.begin(name, asker);
        Decision::Ask(ticket, waiting)
    }

    /// Whether a name is no stranger's: it is expected, or its keys have verified a signature.
    fn is_ours(&self, name: &KeyName) -> bool {
        self.expected.contains(name) || self.kept.get(name).is_some_and(|kept| kept.keys.is_proven())
    }

    fn keep(&mut self, name: &KeyName, keys: KeySet, now: SystemTime) -> Arc<KeySet> {
        let time_to_live = keys.time_to_live().unwrap_or_default().clamp(TTL_FLOOR, TTL_CEILING);
        let last = self.kept.remove(name);
        let refreshed = last.as_ref().and_then(|last| last.refreshed);
        if last.is_some_and(|last| last.keys.is_proven() && last.keys.shares_a_key_with(&keys)) {
            keys.prove();
        }
        let keys = Arc::new(keys);
        self.memos.remove(name);
        if self.has_room(name, now) {
            let fresh = Span::starting(now, time_to_live);
            let kept = Kept {
                keys: Arc::clone(&keys),
                refreshed,
                fresh,
                usable: Span::starting(now, time_to_live.saturating_add(self.serve_stale_for)),
                stale: None,
                failed: None,
            };
            self.kept.insert(name.clone(), kept);
            self.shelf.put(name, Arc::clone(&keys), fresh);
        } else {
            self.shelf.clear(name);
        }
        keys
    }

    /// Whether there is room for one more name. It is made at the cost of what is of no use any more, and then of what
    /// expires first among strangers' names that have never verified anything. Keys that have are given up last, and not
    /// before they are of no use: their name is asked for again without being limited.
    fn has_room(&mut self, name: &KeyName, now: SystemTime) -> bool {
        if self.expected.contains(name) || self.strangers() < MAX_NAMES {
            return true;
        }
        let (expected, shelf) = (&self.expected, &self.shelf);
        self.kept.retain(|name, kept| {
            let stays = expected.contains(name) || kept.fresh.contains(now) || kept.keys.is_proven();
            if !stays {
                shelf.clear(name);
            }
            stays
        });
        if self.strangers() >= MAX_NAMES {
            let is_of_use = |kept: &Kept| kept.keys.is_proven() && kept.usable.contains(now);
            let displaced = self.kept.iter().filter(|(name, kept)| !expected.contains(*name) && !is_of_use(kept));
            let displaced = displaced.min_by_key(|(_, kept)| (kept.keys.is_proven(), kept.fresh.end()));
            let displaced = displaced.map(|(name, _)| name.clone());
            displaced.iter().for_each(|displaced| self.drop_keys(displaced));
        }
        self.strangers() < MAX_NAMES
    }

    /// It counts, but only when there may be too many, and a question was answered before it comes to that.
    fn strangers(&self) -> usize {
        match self.kept.len() {
            few if few < MAX_NAMES => few,
            _ => self.kept.keys().filter(|name| !self.expected.contains(*name)).count(),
        }
    }

    fn note_failure(&mut self, name: &KeyName, reason: String, now: SystemTime) -> Outcome {
        tracing::debug!(%name, reason, "a lookup failed");
        let error = KeyError::Temporary(reason.clone());
        if let Some(stale) = self.stale(name, now) {
            return Ok(stale);
        }
        match self.kept.get_mut(name) {
            Some(kept) if kept.fresh.contains(now) => kept.failed = Some((reason, Span::starting(now, REFRESH))),
            // Asked for by somebody who judges by an earlier time. For everybody else the keys are good.
            Some(kept) if kept.fresh.begins_after(now) => {}
            _ => {
                // Keys that are proven are kept, though they are not served: they make the name one of ours.
                if !self.is_ours(name) {
                    self.drop_keys(name);
                }
                self.remember(name, Memo { error: error.clone(), span: Span::starting(now, FAILURE) }, now);
            }
        }
        Err(error)
    }

    fn drop_keys(&mut self, name: &KeyName) {
        self.kept.remove(name);
        self.shelf.clear(name);
    }

    fn remember(&mut self, name: &KeyName, memo: Memo, now: SystemTime) {
        if self.memos.len() >= MAX_MEMOS {
            self.memos.retain(|_, memo| memo.span.contains(now));
        }
        if self.memos.len() < MAX_MEMOS || self.is_ours(name) {
            self.memos.insert(name.clone(), memo);
        }
    }
}

impl Kept {
    /// Keys that have verified a signature are served past their time to live while DNS fails (RFC 8767); others were
    /// perhaps never anybody's.
    fn is_served_past_its_time(&self, now: SystemTime) -> bool {
        !self.fresh.contains(now) && self.usable.contains(now) && self.keys.is_proven()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn what_a_question_brings_that_was_given_up_for_lost_does_not_count() {
        let (shelf, counters) = <(Arc<Shelf>, Arc<Counters>)>::default();
        let mut ledger = Ledger::new(shelf, counters, Allowance::new(20, 100), Duration::ZERO);
        let (name, now) = (KeyName::parse("a.copernica.com").unwrap(), UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let Decision::Ask(lost, _) = ledger.look_up(&name, now) else { panic!("nobody asks yet") };
        let number = lost.number;
        drop(lost);
        let Decision::Ask(next, _) = ledger.look_up(&name, now) else { panic!("nobody asks any more") };
        assert!(ledger.settle(&name, number, Err(KeyError::Revoked), now).is_none());
        assert!(matches!(ledger.look_up(&name, now), Decision::Join(_)), "the next question is under way still");
        assert_eq!(
            ledger.settle(&name, next.number, Err(KeyError::NotFound), now).unwrap().unwrap_err(),
            KeyError::NotFound
        );
    }
}
