use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::question::DEADLINE;
use crate::key::{KeyError, KeyName, KeySet};

/// What a question brought.
pub(super) type Outcome = Result<Arc<KeySet>, KeyError>;

/// A question that was asked longer ago than this has no one who works on it: its runtime stands still, or is gone.
pub(super) const OVERDUE: Duration = DEADLINE.saturating_add(Duration::from_millis(500));
/// How many questions about names of strangers may be under way. Each needs up to three sockets for each name server.
const MAX_FLIGHTS: usize = 64;

/// The questions under way, one at most for each name.
#[derive(Debug, Default)]
pub(super) struct Flights {
    by_name: HashMap<KeyName, Flight>,
    last_number: u64,
}

/// On whose account a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// The name is expected, or its keys have verified a signature.
    Ours,
    /// Anybody may have made the name up.
    Stranger,
}

#[derive(Debug)]
struct Flight {
    number: u64,
    asker: Asker,
    begun: Instant,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// Where the outcome of a question is to be reported. A later question of the same name has another number.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) report: watch::Sender<Option<Outcome>>,
}

/// Where the outcome of a question will be found. It ends without one if the question was lost.
pub(super) type Waiting = watch::Receiver<Option<Outcome>>;

impl Flights {
    /// The question about a name that is under way.
    pub(super) fn join(&self, name: &KeyName) -> Option<Waiting> {
        self.by_name.get(name).filter(|flight| !flight.is_lost()).map(|flight| flight.outcome.clone())
    }

    /// Whether there is room for a question about a name of a stranger's. Those about ours take none of it.
    pub(super) fn have_room(&mut self) -> bool {
        if self.by_name.len() < MAX_FLIGHTS {
            return true;
        }
        self.by_name.retain(|_, flight| !flight.is_lost());
        self.by_name.values().filter(|flight| flight.asker == Asker::Stranger).count() < MAX_FLIGHTS
    }

    pub(super) fn begin(&mut self, name: &KeyName, asker: Asker) -> (Ticket, Waiting) {
        self.last_number += 1;
        let number = self.last_number;
        let (report, outcome) = watch::channel(None);
        self.by_name.insert(name.clone(), Flight { number, asker, begun: Instant::now(), outcome: outcome.clone() });
        (Ticket { number, report }, outcome)
    }

    /// Whether this was the question under way. It is not if it was given up for lost, and another one is.
    pub(super) fn end(&mut self, name: &KeyName, number: u64) -> bool {
        let is_current = self.by_name.get(name).is_some_and(|flight| flight.number == number);
        if is_current {
            self.by_name.remove(name);
        }
        is_current
    }
}

impl Flight {
    fn is_lost(&self) -> bool {
        self.begun.elapsed() > OVERDUE || self.outcome.has_changed().is_err()
    }
}
