//! Carries a scenario out: its steps, through the real entrances, as another program on this machine would; and tells, line by
//! line, what was done and what was delivered.

mod calls;
mod ledger;
mod masses;
mod soap;

use std::time::{Duration, Instant};

use super::document::{ExpectTable, Verdict};
use super::step::{Action, Names, Step};
use super::{Scenario, Script};
use crate::output::print;
use crate::receiver::{Receiver, ReceiverSocket};
use crate::server::{Config, Publisher};
use calls::Calls;
use ledger::Ledger;

/// How often the delivery log is looked at.
const PERIOD: Duration = Duration::from_millis(5);
/// How long what is still to be delivered is waited for at the end. An attempt takes ten seconds at most.
const LAST_DELIVERIES: Duration = Duration::from_secs(12);

/// A publisher that holds what a scenario says.
pub(crate) struct Started {
    pub(crate) publisher: Publisher,
    /// The receiver that comes with the program, if a callback goes there.
    pub(crate) receiver: Option<Receiver>,
    pub(crate) script: Script,
}

/// Starts a publisher with a scenario's contents, on a fresh store, and the receiver if one is needed.
pub(crate) async fn start(config: &mut Config, scenario: Scenario) -> anyhow::Result<Started> {
    config.switches = scenario.switches(config.switches);
    let socket = if scenario.needs_receiver() { Some(ReceiverSocket::bind(config.tls).await?) } else { None };
    let (contents, script) = scenario.unpack(socket.as_ref().map(|socket| socket.url.as_str()))?;
    let publisher = Publisher::start_filled(config, Some(contents)).await?;
    let receiver = match socket {
        None => None,
        Some(socket) => {
            let mut receiver =
                socket.serve(config.account, &config.zone, publisher.dns, publisher.authority.as_ref())?;
            receiver.log_refusals();
            Some(receiver)
        }
    };
    Ok(Started { publisher, receiver, script })
}

/// What came of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    steps: usize,
    not_held: usize,
    deliveries: ledger::Count,
    pending: usize,
}

impl Summary {
    /// Whether every step and every expectation held.
    pub(crate) fn held(&self) -> bool {
        self.not_held == 0
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { steps, not_held, deliveries, pending } = self;
        write!(f, "{steps} {}, {deliveries}", if *steps == 1 { "step" } else { "steps" })?;
        if *pending > 0 {
            write!(f, ", {pending} still pending")?;
        }
        match not_held {
            0 => write!(f, "; everything held"),
            _ => write!(f, "; {not_held} NOT HELD"),
        }
    }
}

/// Carries the steps of a scenario out.
pub(crate) async fn play(
    publisher: &Publisher,
    receiver: Option<&Receiver>,
    script: Script,
) -> anyhow::Result<Summary> {
    let mut run = Run {
        calls: Calls::new(publisher.client()),
        ledger: Ledger::new(publisher.client(), receiver.map(|receiver| receiver.url.as_str())),
        names: script.names,
        begun: Instant::now(),
        summary: Summary::default(),
    };
    for step in script.steps {
        run.step(step).await?;
    }
    let pending = run.settle(LAST_DELIVERIES).await?;
    Ok(Summary { deliveries: run.ledger.all, pending, ..run.summary })
}

struct Run {
    calls: Calls,
    ledger: Ledger,
    names: Names,
    begun: Instant,
    summary: Summary,
}

impl Run {
    async fn step(&mut self, step: Step) -> anyhow::Result<()> {
        if let Some(at) = step.at {
            self.wait_until(self.begun + at).await?;
        }
        self.summary.steps += 1;
        let begun = self.begun.elapsed();
        let (who, outcome) = match step.action {
            Action::Wait(time) => {
                self.line(begun, "wait", &format!("{} s", time.as_secs_f64()))?;
                return self.wait_until(Instant::now() + time).await;
            }
            Action::Expect(expected) => ("expect", self.expect(expected).await?),
            Action::Change(change) => (change.via.name(), self.calls.change(change, &mut self.names).await?),
            Action::Import(import) => ("import", self.calls.import(import).await?),
            Action::Copy(copy) => ("copy", self.calls.copy(copy).await?),
            Action::Fault(fault) => ("fault", self.calls.fault(&fault).await?),
            Action::NoFault => ("fault", self.calls.no_fault().await?),
            Action::Message(message) => (message.occasion.name(), self.calls.message(message, &self.names).await?),
        };
        match outcome {
            Ok(text) => self.line(begun, who, &text)?,
            Err(text) => {
                self.summary.not_held += 1;
                self.line(begun, who, &format!("NOT HELD   {text} (line {})", step.line))?;
            }
        }
        self.show().await.map(drop)
    }

    fn line(&self, time: Duration, who: &str, text: &str) -> std::io::Result<()> {
        print(format!("{:>8.3} s  {who:<10} {text}", time.as_secs_f64()))
    }

    /// Shows what has been delivered; how much is still to be.
    async fn show(&mut self) -> anyhow::Result<usize> {
        let (settled, pending) = self.ledger.look().await?;
        for line in settled {
            print(format!("            -> {line}"))?;
        }
        Ok(pending)
    }

    async fn wait_until(&mut self, end: Instant) -> anyhow::Result<()> {
        while Instant::now() < end {
            // With nothing under way there is nothing to look at.
            let pause = if self.show().await? > 0 { PERIOD } else { Duration::from_millis(50) };
            tokio::time::sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        }
        Ok(())
    }

    /// Waits until nothing is to be delivered any more, and shows it; how much still is when the time is over.
    async fn settle(&mut self, within: Duration) -> anyhow::Result<usize> {
        let begun = Instant::now();
        loop {
            let pending = self.show().await?;
            if pending == 0 || begun.elapsed() > within {
                return Ok(pending);
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// Whether there were as many deliveries as expected since the expectation before, each with the expected verdict.
    async fn expect(&mut self, expected: ExpectTable) -> anyhow::Result<Result<String, String>> {
        let pending = self.settle(expected.within.0).await?;
        let found = std::mem::take(&mut self.ledger.since);
        let what = |count: usize| format!("{count} {}", if count == 1 { "delivery" } else { "deliveries" });
        let wanted = expected.deliveries as usize;
        if pending > 0 {
            return Ok(Err(format!("{} not answered within {} s", what(pending), expected.within.0.as_secs_f64())));
        }
        if found.total() != wanted {
            return Ok(Err(format!("expected {}, there were {}", what(wanted), found.total())));
        }
        let Some(verdict) = expected.verdict else { return Ok(Ok(what(wanted))) };
        let (right, name) = match verdict {
            Verdict::Delivered => (found.verified + found.delivered, "delivered"),
            Verdict::Failed => (found.refused + found.failed, "failed"),
            Verdict::Verified => (found.verified, "verified"),
            Verdict::Refused => (found.refused, "refused"),
        };
        if right == wanted {
            Ok(Ok(format!("{}, {name}", what(wanted))))
        } else {
            Ok(Err(format!("expected {} {name}: {found}", what(wanted))))
        }
    }
}
