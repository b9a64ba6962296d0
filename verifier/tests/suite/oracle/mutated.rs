//! Mutated requests: the crate and the receiver in Python come to the same verdict on each, and nothing is accepted that
//! nobody signed.
//!
//! How many is up to `MUTATIONS`, and the number of the first to `MUTATIONS_FROM`. A request follows from its number, so a
//! failure is repeated with its number and `MUTATIONS=1`.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use callback_verifier::key::Backend;
use callback_verifier::{AuthenticHead, BodyVerifier, KeyName, PinnedKeys, PublicKey, Rejection, Verifier};

use super::mutate::{Family, MAX_BODY, Mutant, OTHER_ACCOUNT, OTHER_HOST, OTHER_KEY_ID};
use super::verdicts::{Fault, Judge, Settings};
#[cfg(feature = "axum")]
use crate::support::Receiver;
use crate::support::keys::{A, B};
use crate::support::{ACCOUNT, HOST, KEY_ID, Message, now};

/// How many requests are judged unless it is said otherwise.
const USUAL: u64 = 20_000;
/// How many go over HTTP too, each over a connection of its own.
#[cfg(feature = "axum")]
const OVER_HTTP: u64 = 3_000;
/// How many are handed to Python at a time.
const BATCH: u64 = 512;
/// What is asked of the mix of requests is asked of so many at least.
const ENOUGH: u64 = 20_000;
const BETWEEN_REPORTS: Duration = Duration::from_secs(10);

#[test]
fn verdicts_on_mutated_requests_agree_with_python() {
    let first = setting("MUTATIONS_FROM").unwrap_or(0);
    let numbers = first..first + setting("MUTATIONS").unwrap_or(USUAL);
    let tally = judge(numbers.clone(), &Settings::of_mutants(MAX_BODY), || {
        let verifiers = [Backend::AwsLc, Backend::RustCrypto].map(verifier);
        move |number, mutant, family| ours(&verifiers, number, mutant, family)
    });
    if setting("MUTATIONS").is_some() {
        report(format_args!("{tally}"));
    }
    if numbers.end - numbers.start >= ENOUGH {
        tally.is_a_good_mix();
    }
}

/// Through the layer on a real server, by either library, whole and in parts.
#[cfg(feature = "axum")]
#[test]
fn verdicts_over_http_agree_with_python_too() {
    // Of a body that is longer than its length and than the limit, the first is told or the second, as its parts come in: so
    // here the limit is out of reach.
    judge(0..OVER_HTTP, &Settings::of_mutants(8 << 20), || {
        let keys = [(KEY_ID, &*A), (OTHER_KEY_ID, &*B)];
        let receiver = Receiver::pinning(&keys, |builder| builder.account(OTHER_ACCOUNT).host(OTHER_HOST));
        move |_, mutant, _| receiver.verdict(&mutant.message)
    });
}

/// Compares verdicts on the requests of these numbers, on all cores. Each makes a verdict of its own.
fn judge<V>(numbers: Range<u64>, settings: &Settings, verdict: impl Fn() -> V + Sync) -> Tally
where
    V: Fn(u64, &Mutant, &Family) -> Result<(), Rejection>,
{
    let tally = Mutex::new(Tally::new(numbers.end - numbers.start));
    let next = Mutex::new(numbers.start);
    // The next numbers that nobody has taken.
    let take = || {
        let mut next = next.lock().unwrap();
        let start = *next;
        *next = numbers.end.min((start / BATCH + 1) * BATCH);
        (start < *next).then_some(start..*next)
    };
    std::thread::scope(|scope| {
        for _ in 0..available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut judge = Judge::start(settings);
                let verdict = verdict();
                let mut waiting: Option<Batch> = None;
                loop {
                    // While Python judges the one, the crate judges the next.
                    let batch = take().map(|numbers| Batch::new(numbers, &verdict));
                    if let Some(batch) = &batch {
                        judge.tell(batch.mutants.iter().map(|(mutant, _)| &mutant.message));
                    }
                    let Some(judged) = std::mem::replace(&mut waiting, batch) else {
                        if waiting.is_none() {
                            break;
                        }
                        continue;
                    };
                    judged.compare(&judge.verdicts());
                    tally.lock().unwrap().add(&judged);
                }
            });
        }
    });
    tally.into_inner().unwrap()
}

/// Requests of successive numbers, and the verdict of the crate on each.
struct Batch {
    first: u64,
    mutants: Vec<(Mutant, Result<(), Rejection>)>,
}

impl Batch {
    fn new(numbers: Range<u64>, verdict: &impl Fn(u64, &Mutant, &Family) -> Result<(), Rejection>) -> Self {
        let mut family = None;
        let first = numbers.start;
        let judge = |number| {
            let descent = Family::of(number, family.take());
            let mutant = descent.mutant(number);
            let ours = verdict(number, &mutant, &descent);
            family = Some(descent);
            (mutant, ours)
        };
        Self { first, mutants: numbers.map(judge).collect() }
    }

    /// The verdicts are the same, and the step at which the crate refuses is one that Python finds at fault.
    fn compare(&self, theirs: &[Vec<Fault>]) {
        assert_eq!(self.mutants.len(), theirs.len());
        for (number, ((mutant, ours), theirs)) in (self.first..).zip(self.mutants.iter().zip(theirs)) {
            let agree = match ours {
                Ok(()) => theirs.is_empty(),
                Err(rejection) => theirs.iter().any(|fault| fault.step == rejection.step()),
            };
            assert!(
                agree,
                "request {number} is judged {ours:?} by the crate and {theirs:?} by Python, after {:?}:\n{:?}\n\n\
                 to repeat just this one: MUTATIONS_FROM={number} MUTATIONS=1 cargo test -p callback-verifier --all-features \
                 --test suite verdicts_on_mutated\n",
                mutant.changes, mutant.message
            );
        }
    }
}

fn verifier(backend: Backend) -> Verifier {
    let key = |keys: PinnedKeys, name: &str, der: &[u8]| {
        keys.with(KeyName::parse(name).unwrap(), PublicKey::from_der_with(der, backend).unwrap()).unwrap()
    };
    let keys = key(key(PinnedKeys::new(), KEY_ID, A.spki()), OTHER_KEY_ID, B.spki());
    let builder = Verifier::builder(ACCOUNT).account(OTHER_ACCOUNT).host(HOST).host(OTHER_HOST).max_body(MAX_BODY);
    builder.keys(keys).build().unwrap()
}

/// The verdict of the crate. What is accepted was signed by somebody who holds a published key; that needs no judge.
fn ours(verifiers: &[Verifier; 2], number: u64, mutant: &Mutant, family: &Family) -> Result<(), Rejection> {
    // The pure-Rust library takes ten times as long.
    let verifier = &verifiers[usize::from(number.is_multiple_of(32))];
    let message = &mutant.message;
    let head = at_once(verifier.verify_head(&message.head(), now()))?;
    let head = if number.is_multiple_of(2) { whole(head, message)? } else { in_parts(head.body(), message)? };
    let lines: Vec<_> = head.covered_headers().map(|(name, value)| [name.as_bytes(), b": ", value].concat()).collect();
    assert!(family.has_signed(mutant, &lines.join(&b'\n')), "nobody has signed request {number}: {message:?}");
    Ok(())
}

fn whole(head: AuthenticHead, message: &Message) -> Result<AuthenticHead, Rejection> {
    Ok(head.verify_body(&message.body)?.head().clone())
}

fn in_parts(mut body: BodyVerifier, message: &Message) -> Result<AuthenticHead, Rejection> {
    message.body.chunks(37).try_for_each(|chunk| body.update(chunk))?;
    Ok(body.finish()?.head().clone())
}

/// The result of something that never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("pinned keys are at hand"),
    }
}

/// What became of the requests so far.
struct Tally {
    of: u64,
    begun: Instant,
    reported: Instant,
    codes: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn new(of: u64) -> Self {
        Self { of, begun: Instant::now(), reported: Instant::now(), codes: BTreeMap::new() }
    }

    fn add(&mut self, batch: &Batch) {
        for (_, verdict) in &batch.mutants {
            *self.codes.entry(verdict.as_ref().map_or_else(Rejection::code, |()| ACCEPTED)).or_default() += 1;
        }
        if self.reported.elapsed() >= BETWEEN_REPORTS {
            self.reported = Instant::now();
            report(format_args!("{} of {} requests judged", self.judged(), self.of));
        }
    }

    fn judged(&self) -> u64 {
        self.codes.values().sum()
    }

    fn count(&self, codes: &[&str]) -> u64 {
        codes.iter().filter_map(|code| self.codes.get(code)).sum()
    }

    /// About half get as far as the signature, many are genuine, and every reason is met.
    fn is_a_good_mix(&self) {
        let verified = self.count(&[ACCEPTED, "bad_signature", "digest_mismatch", "content_length_mismatch"]);
        assert!(verified > self.of * 45 / 100 && self.count(&[ACCEPTED]) > self.of / 4, "{self}");
        for code in CODES {
            assert!(self.codes.contains_key(code), "no request is {code}: {self}");
        }
    }
}

const ACCEPTED: &str = "accepted";

/// Every reason that a head and a body can give under this policy.
const CODES: [&str; 27] = [
    "wrong_method",
    "too_many_headers",
    "signature_missing",
    "signature_repeated",
    "signature_in_authorization",
    "signature_malformed",
    "algorithm_unsupported",
    "coverage_malformed",
    "coverage_missing",
    "header_missing",
    "header_repeated",
    "control_character",
    "target_malformed",
    "authority_disagrees",
    "date_malformed",
    "date_too_old",
    "date_in_future",
    "wrong_host",
    "account_malformed",
    "wrong_account",
    "key_id_malformed",
    "foreign_key",
    "key_not_found",
    "signature_not_base64",
    "bad_signature",
    "digest_malformed",
    "digest_mismatch",
];

/// A line for each verdict, the most frequent first.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} requests judged in {} s", self.judged(), self.begun.elapsed().as_secs())?;
        let mut codes: Vec<_> = self.codes.iter().collect();
        codes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        codes.iter().try_for_each(|(code, count)| writeln!(f, "{count:>12} {code}"))
    }
}

/// A setting, if it is there.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.replace('_', "").parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// To standard error past the test harness, which would keep it until the end.
fn report(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
