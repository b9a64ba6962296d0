//! What was found, as data; and in the forms in which it is handed on.

mod html;
mod junit;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;

use super::counted;
use super::expected::Exceptions;
use super::run::Profile;
use super::vector::{Class, Expect, Level, Vector};
use crate::excerpt::excerpt;
use crate::send::{RawAnswer, SendError};

/// The version of [`Report`] in JSON, and of `report.schema.json`.
const VERSION: u32 = 1;
/// How much of a request is shown.
const MOST_SHOWN: usize = 4096;

/// What became of one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Pass,
    Fail,
    /// Neither what is expected nor the opposite: no answer, or one that tells of a mishap.
    Error,
    Skipped,
}

/// A vector, and what was found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Found {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) level: Level,
    pub(super) expected: Expect,
    pub(super) verdict: Verdict,
    /// The status, the class of an error, or why it was skipped.
    pub(super) got: String,
    /// The step that was judged last, from 1, and how many there are.
    pub(super) step: usize,
    pub(super) steps: usize,
    pub(super) micros: Option<u64>,
    pub(super) status: Option<u16>,
    /// Why this is known not to pass, if it is.
    pub(super) excepted: Option<String>,
    /// What was sent, of one that did not pass: the first 4 KiB, with escapes.
    pub(super) sent: Option<String>,
    pub(super) curl: Option<String>,
    /// What was answered then.
    pub(super) answered: Option<String>,
}

/// The result of a run.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    version: u32,
    url: String,
    started: String,
    profile: Profile,
    strict: bool,
    seed: u64,
    totals: Totals,
    classes: Vec<ClassReport>,
    /// Exceptions that are none any more.
    stale_exceptions: Vec<String>,
    interrupted: bool,
    /// What is wrong with all that it answers, if anything is.
    diagnosis: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct ClassReport {
    class: String,
    title: String,
    why: String,
    reference: String,
    change: String,
    totals: Totals,
    vectors: Vec<Trial>,
}

/// A vector as the report has it: what was found, and what the reader should know about it.
#[derive(Debug, Clone, Serialize)]
struct Trial {
    #[serde(flatten)]
    found: Found,
    why: Option<String>,
    reference: Option<String>,
    change: Option<String>,
    /// The command that tries it again.
    repeat: String,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Totals {
    passed: usize,
    failed: usize,
    errors: usize,
    skipped: usize,
    /// Those that did not pass, and are known not to.
    excepted: usize,
}

/// What a report says besides what was found.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    pub(crate) url: String,
    pub(crate) started: String,
    pub(crate) profile: Profile,
    pub(crate) strict: bool,
    pub(crate) seed: u64,
    pub(crate) interrupted: bool,
    /// What is wrong with all that the receiver answers, if anything is.
    pub(crate) diagnosis: Option<String>,
    /// The arguments that a repetition needs besides the vector's name.
    pub(crate) arguments: String,
}

impl Found {
    pub(super) fn of(
        vector: &Vector,
        step: usize,
        verdict: Verdict,
        sent: &[u8],
        answer: &Result<RawAnswer, SendError>,
    ) -> Self {
        let is_bad = verdict != Verdict::Pass;
        let got = match answer {
            Ok(answer) => format!("answered {}", answer.status.as_u16()),
            Err(error) => format!("{}: {error}", error.class()),
        };
        let shown = |bytes: &[u8]| excerpt(&escaped(&bytes[..bytes.len().min(MOST_SHOWN)]), 2 * MOST_SHOWN);
        Self {
            verdict,
            got,
            step: step + 1,
            expected: vector.steps[step].expect,
            micros: answer.as_ref().ok().and_then(|answer| u64::try_from(answer.elapsed.as_micros()).ok()),
            status: answer.as_ref().ok().map(|answer| answer.status.as_u16()),
            sent: is_bad.then(|| shown(sent)),
            answered: answer
                .as_ref()
                .ok()
                .filter(|_| is_bad)
                .map(|answer| shown(&[&answer.head[..], &answer.body].concat())),
            ..Self::skipped(vector, String::new())
        }
    }

    pub(super) fn skipped(vector: &Vector, reason: String) -> Self {
        Self {
            id: vector.id.clone(),
            title: vector.title.clone(),
            level: vector.level,
            expected: vector.steps.last().map_or(Expect::Anything, |step| step.expect),
            verdict: Verdict::Skipped,
            got: reason,
            step: 0,
            steps: vector.steps.len(),
            micros: None,
            status: None,
            excepted: None,
            sent: None,
            curl: None,
            answered: None,
        }
    }

    /// What was expected and what came, in a few words.
    fn in_words(&self) -> String {
        let wanted = match self.expected {
            Expect::Accept => "accept",
            Expect::Refuse => "refuse",
            Expect::Unavailable => "answer 503",
            Expect::Once => "accept one",
            // Nothing else can be wrong there.
            Expect::Anything => "ask for fewer",
        };
        // About a matter of policy there can be two opinions.
        let must = if self.level == Level::Must { "must" } else { "should" };
        let mishap = match (self.verdict, self.status) {
            (Verdict::Error, Some(429)) => " (too many: it did not decide)",
            (Verdict::Error, Some(500..)) => " (a mishap: it did not decide)",
            _ => "",
        };
        let step = if self.steps > 1 { format!(" at step {} of {}", self.step, self.steps) } else { String::new() };
        format!("{}{mishap}, {must} {wanted}{step}", self.got)
    }
}

impl Report {
    pub(super) fn of(heading: Heading, classes: &[Class], found: Vec<Found>, exceptions: &Exceptions) -> Self {
        let mut found: BTreeMap<String, Found> = found.into_iter().map(|found| (found.id.clone(), found)).collect();
        let mut stale = Vec::new();
        for (id, reason) in exceptions.iter() {
            match found.get_mut(id) {
                Some(found) if found.verdict == Verdict::Pass => stale.push(id.to_owned()),
                Some(found) => found.excepted = Some(reason.to_owned()),
                None => {}
            }
        }
        let classes: Vec<ClassReport> = classes
            .iter()
            .map(|class| {
                let trial = |vector: &Vector| {
                    Some(Trial {
                        found: found.remove(&vector.id)?,
                        why: vector.why.clone(),
                        reference: vector.reference.clone(),
                        change: vector.change.clone(),
                        repeat: format!("mock-publisher check {}--only {}", heading.arguments, vector.id),
                    })
                };
                let vectors: Vec<Trial> = class.vectors.iter().filter_map(trial).collect();
                ClassReport {
                    class: class.class.clone(),
                    title: class.title.clone(),
                    why: class.why.clone(),
                    reference: class.reference.clone(),
                    change: class.change.clone(),
                    totals: Totals::of(vectors.iter().map(|trial| &trial.found)),
                    vectors,
                }
            })
            .filter(|class| !class.vectors.is_empty())
            .collect();
        let totals = Totals::of(classes.iter().flat_map(|class| &class.vectors).map(|trial| &trial.found));
        let Heading { url, started, profile, strict, seed, interrupted, diagnosis, .. } = heading;
        Self {
            version: VERSION,
            url,
            started,
            profile,
            strict,
            seed,
            totals,
            classes,
            stale_exceptions: stale,
            interrupted,
            diagnosis,
        }
    }

    /// Whether everything is as it should be, or known not to be.
    pub(crate) fn is_good(&self) -> bool {
        let is_all_well = self.totals.failed == 0 && self.totals.errors == 0 && self.stale_exceptions.is_empty();
        is_all_well && !self.interrupted && !self.is_empty() && self.diagnosis.is_none()
    }

    /// Whether nothing was judged, which proves nothing.
    fn is_empty(&self) -> bool {
        self.totals.judged() == 0
    }

    /// What to try if the receiver could not cope with the check.
    fn hints(&self) -> Vec<String> {
        let errors = || self.bad().map(|(_, trial)| &trial.found).filter(|found| found.verdict == Verdict::Error);
        let count = |is: fn(&&Found) -> bool| errors().filter(is).count();
        let late = count(|found| found.got.starts_with("timeout"));
        let limited = count(|found| found.status == Some(429));
        let mishaps = count(|found| found.status.is_some_and(|status| status >= 500 && status != 503));
        let hints = [
            (
                late,
                "not answered in time: one that takes a request at a time wants `--concurrency 1`, a slow one `--timeout 30`",
            ),
            (limited, "answered 429: `--rate` sends less in a second"),
            (mishaps, "answered 5xx, which is no refusal: the receiver's log says what went wrong"),
        ];
        let hints = hints.into_iter().filter(|(count, _)| *count > 0);
        hints.map(|(count, hint)| format!("{count} {hint}")).collect()
    }

    /// What did not pass, with its class.
    fn bad(&self) -> impl Iterator<Item = (&ClassReport, &Trial)> {
        let trials = self.classes.iter().flat_map(|class| class.vectors.iter().map(move |trial| (class, trial)));
        trials.filter(|(_, trial)| matches!(trial.found.verdict, Verdict::Fail | Verdict::Error))
    }
}

impl Trial {
    fn why<'a>(&'a self, class: &'a ClassReport) -> &'a str {
        self.why.as_deref().unwrap_or(&class.why)
    }

    fn change<'a>(&'a self, class: &'a ClassReport) -> &'a str {
        self.change.as_deref().unwrap_or(&class.change)
    }

    fn reference<'a>(&'a self, class: &'a ClassReport) -> &'a str {
        self.reference.as_deref().unwrap_or(&class.reference)
    }
}

impl Totals {
    fn of<'a>(found: impl Iterator<Item = &'a Found>) -> Self {
        let mut totals = Self::default();
        for found in found {
            match found.verdict {
                Verdict::Pass => totals.passed += 1,
                Verdict::Skipped => totals.skipped += 1,
                Verdict::Fail | Verdict::Error if found.excepted.is_some() => totals.excepted += 1,
                Verdict::Fail => totals.failed += 1,
                Verdict::Error => totals.errors += 1,
            }
        }
        totals
    }

    const fn judged(self) -> usize {
        self.passed + self.failed + self.errors + self.excepted
    }

    fn in_words(self) -> String {
        let parts = [
            (self.failed, format!("{} failed", self.failed)),
            (self.errors, counted(self.errors, "unexpected error")),
            (self.excepted, counted(self.excepted, "known exception")),
            (self.skipped, format!("{} skipped", self.skipped)),
        ];
        let parts: Vec<_> = parts.iter().filter(|(count, _)| *count > 0).map(|(_, text)| format!(", {text}")).collect();
        format!("{} passed{}", self.passed, parts.concat())
    }
}

/// Bytes as text: line feeds stay, other control characters are escaped.
fn escaped(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' => {}
            '\n' => out.push('\n'),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}
