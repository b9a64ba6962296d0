//! Whatever is done to a request: nothing panics, the verdict is that of the verifier, and what is claimed does verify.

use callback_verifier::explain::{Change, HeaderChange, explain};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

use super::{signed, strict};
use crate::support::{Message, block_on, now};

/// The same cases in each run, so that a failure is nobody else's.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(0x5eed), failure_persistence: None, ..ProptestConfig::default() }
}

fn mangled(message: Message, what: u8, at: &Index, bytes: &[u8]) -> Message {
    message.with(|message| {
        let splice = |value: &mut Vec<u8>| {
            let at = at.index(value.len() + 1);
            let end = (at + usize::from(what >> 4)).min(value.len());
            value.splice(at..end, bytes.iter().copied());
        };
        match what % 4 {
            0 => {
                let mut target = std::mem::take(&mut message.target).into_bytes();
                splice(&mut target);
                message.target = String::from_utf8_lossy(&target).into_owned();
            }
            1 => splice(&mut message.body),
            2 => {
                let line = at.index(message.headers.len());
                splice(&mut message.headers[line].1);
            }
            _ => {
                let line = at.index(message.headers.len());
                let copy = message.headers[line].clone();
                if bytes.len() > 8 { message.headers.push(copy) } else { drop(message.headers.remove(line)) }
            }
        }
    })
}

/// The request as it would have to be.
fn repaired(mut message: Message, changes: &[Change], body: Option<&[u8]>) -> Option<Message> {
    for change in changes {
        message = match change {
            Change::Target { to, .. } => message.target(to),
            Change::Method { to, .. } => message.method(to),
            Change::Host { to, .. } => {
                message.without("Host").with(|message| message.authority = None).add("Host", to.as_bytes())
            }
            Change::Header { name, to, how, .. } => {
                assert!(*how != HeaderChange::Moved { to: name.clone() });
                message.without(name).add(name, to.clone())
            }
            // The only body that has the digest is the one that was signed.
            Change::Body { .. } => {
                let body = body?;
                message.without("Content-Length").add("Content-Length", body.len().to_string()).body(body)
            }
            _ => return None,
        };
    }
    Some(message)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn what_is_claimed_does_verify(changes in proptest::collection::vec((any::<u8>(), any::<Index>(), proptest::collection::vec(any::<u8>(), 0..12)), 1..3)) {
        let honest = signed();
        let body = honest.body.clone();
        let message = changes.iter().fold(honest, |message, (what, at, bytes)| mangled(message, *what, at, bytes));
        let verifier = strict();
        let explanation = block_on(explain(&verifier, &message.head(), &message.body, now(), &Default::default()));
        let verdict = block_on(verifier.verify(&message.head(), &message.body, now())).map(drop);
        prop_assert_eq!(&explanation.verdict, &verdict);
        prop_assert!(verdict.is_err() || explanation.findings.is_empty());
        prop_assert!(explanation.tried.iter().map(|tried| tried.count).sum::<usize>() < 4_000);
        for finding in &explanation.findings {
            if let Some(repaired) = repaired(message.clone(), &finding.changes, Some(&body)) {
                let verdict = block_on(verifier.verify(&repaired.head(), &repaired.body, now())).map(drop);
                prop_assert_eq!(verdict, Ok(()), "{}", finding);
            }
        }
        // Whatever is shown can be shown.
        let json = explanation.to_json().to_string();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        prop_assert!(explanation.steps.iter().flat_map(|step| &step.detail).all(|detail| detail.bytes().all(|b| (b' '..=b'~').contains(&b))));
        prop_assert!(explanation.findings.iter().all(|finding| finding.to_string().bytes().all(|b| (b' '..=b'~').contains(&b))));
    }
}
