//! The guard and the date window cannot disagree: as long as the date lets a request in, its nonce is remembered.

use std::time::{Duration, SystemTime};

use callback_verifier::{Rejection, Verifier};

use super::{claim, commit, verifier};
use crate::support::{Forge, Message, block_on, now};

/// When the request says that it was signed.
fn date() -> SystemTime {
    now() - Duration::from_secs(2)
}

fn after(seconds: u64) -> SystemTime {
    date() + Duration::from_secs(seconds)
}

fn code(verifier: &Verifier, message: &Message, now: SystemTime) -> &'static str {
    claim(verifier, message, now).map_or_else(|rejection| rejection.code(), |_| "claimed")
}

#[test]
fn a_replay_is_refused_by_the_guard_until_it_is_refused_by_its_date() {
    let message = Forge::new().sign();
    let nanosecond = Duration::from_nanos(1);
    // From the earliest moment that lets it in to the latest.
    for handled_at in [date() - Duration::from_secs(60), date(), after(299), after(300)] {
        let verifier = verifier(|builder| builder);
        commit(claim(&verifier, &message, handled_at).unwrap());
        for (again_at, expected) in [
            (date() - Duration::from_secs(61), "date_in_future"),
            (date() - Duration::from_secs(60), "replayed"),
            (date(), "replayed"),
            (after(299), "replayed"),
            (after(300), "replayed"),
            (after(300) + nanosecond, "date_too_old"),
            (after(301), "date_too_old"),
            (after(1_000_000), "date_too_old"),
            // The clock is set right again.
            (after(300), "replayed"),
        ] {
            assert_eq!(code(&verifier, &message, again_at), expected, "{handled_at:?} {again_at:?}");
        }
    }
}

#[test]
fn a_slow_body_gets_the_margin_and_no_more() {
    let message = Forge::new().sign();
    let verifier = verifier(|builder| builder);
    let verified = block_on(verifier.verify(&message.head(), &message.body, after(300))).unwrap();
    let claim = |now| block_on(verifier.claim(&verified, now));
    commit(claim(after(359)).unwrap());
    let too_old = |age| Rejection::DateTooOld { age, window: 300 };
    for (now, expected) in [
        (after(360) - Duration::from_nanos(1), Rejection::Replayed),
        (after(360), too_old(360)),
        (after(361), too_old(361)),
    ] {
        assert_eq!(claim(now).unwrap_err(), expected);
    }
}

#[test]
fn the_window_is_the_policys() {
    let message = Forge::new().sign();
    for (max_age, last) in [(0, 0), (10, 10), (86_400, 86_400)] {
        let verifier = verifier(|builder| builder.max_age(Duration::from_secs(max_age)));
        commit(claim(&verifier, &message, date()).unwrap());
        assert_eq!(code(&verifier, &message, after(last)), "replayed");
        assert_eq!(code(&verifier, &message, after(last + 1)), "date_too_old");
    }
    let ageless = verifier(|builder| builder.max_age(Duration::MAX));
    commit(claim(&ageless, &message, date()).unwrap());
    assert_eq!(code(&ageless, &message, after(1_000_000_000)), "replayed");
}
