//! Callbacks from another time, and dates that could be read as another time.

use std::time::Duration;

use callback_verifier::wire::DateError;
use callback_verifier::{PinnedKeys, Rejection, Verifier};

use super::Table;
use crate::support::keys::A;
use crate::support::{ACCOUNT, Forge, HOST, Receiver, block_on, date_from_now, now};

const YEAR: u32 = 365 * 24 * 60 * 60;

#[test]
fn refuses_dates_outside_the_window() {
    let mut table = Table::new("freshness");
    let dated = |seconds: i64| Forge::new().set("Date", date_from_now(seconds)).sign();
    for age in [301, 302, 86_400, YEAR] {
        let too_old = Rejection::DateTooOld { age: age.into(), window: 300 };
        table.refuse(&format!("{age}-s-old"), too_old, &dated(-i64::from(age)));
    }
    for ahead in [61, 62, 86_400, YEAR] {
        let in_future = Rejection::DateInFuture { ahead: ahead.into(), window: 60 };
        table.refuse(&format!("{ahead}-s-ahead"), in_future, &dated(ahead.into()));
    }
    let narrow = Receiver::with(|builder| {
        let seconds = Duration::from_secs;
        builder.max_age(seconds(1)).max_ahead(seconds(0))
    });
    table.refuse_by(&narrow, "narrow-too-old", Rejection::DateTooOld { age: 2, window: 1 }, &dated(-2));
    table.refuse_by(&narrow, "narrow-in-future", Rejection::DateInFuture { ahead: 1, window: 0 }, &dated(1));
    let epoch = Forge::new().set("Date", "Thu, 01 Jan 1970 00:00:00 GMT").sign();
    table.refuse("epoch", "date_too_old", &epoch);
    let last = Forge::new().set("Date", "Fri, 31 Dec 9999 23:59:59 GMT").sign();
    table.refuse("year-9999", "date_in_future", &last);
    table.finish(12);
}

/// A clock has fractions of a second, a date has none.
#[test]
fn refuses_a_date_that_is_a_moment_too_early_or_late() {
    let keys = PinnedKeys::new().with_every_name(A.private.public_key().clone());
    let verifier = Verifier::builder(ACCOUNT).host(HOST).keys(keys).build().unwrap();
    let message = Forge::new().sign();
    let date = now() - Duration::from_secs(2);
    let verdict = |now| block_on(verifier.verify_head(&message.head(), now)).map(drop);
    let (seconds, moment) = (Duration::from_secs, Duration::from_nanos(1));
    let too_old = |age| Err(Rejection::DateTooOld { age, window: 300 });
    let in_future = |ahead| Err(Rejection::DateInFuture { ahead, window: 60 });
    for (now, expected) in [
        (date + seconds(300), Ok(())),
        (date + seconds(300) + moment, too_old(301)),
        (date + seconds(301) - moment, too_old(301)),
        (date + seconds(301), too_old(301)),
        (date + seconds(301) + moment, too_old(302)),
        (date - seconds(60), Ok(())),
        (date - seconds(60) - moment, in_future(61)),
        (date - seconds(61), in_future(61)),
        (date - seconds(61) - moment, in_future(62)),
    ] {
        assert_eq!(verdict(now), expected, "{now:?}");
    }
}

#[test]
fn refuses_a_stale_date_beside_a_fresh_one() {
    let mut table = Table::new("stale");
    let stale = || Forge::new().set("Date", date_from_now(-3600));
    let too_old = || Rejection::DateTooOld { age: 3600, window: 300 };
    let fresh = date_from_now(0);
    table.refuse("created", too_old(), &stale().sign().resign("keyId", "created=1795421702,keyId"));
    table.refuse("expires", too_old(), &stale().sign().resign("keyId", "expires=1895421702,keyId"));
    table.refuse("x-date", too_old(), &stale().sign().add("X-Date", fresh.clone()));
    table.refuse("x-date-signed", too_old(), &stale().add("X-Date", fresh.clone()).covering_also("x-date").sign());
    let repeated = || Rejection::HeaderRepeated { name: "date" };
    table.refuse("second-date", repeated(), &stale().sign().add("Date", fresh.clone()));
    table.refuse("first-date", repeated(), &stale().sign().add_first("Date", fresh.clone()));
    table.refuse("replaced", Rejection::BadSignature, &stale().sign().set("Date", fresh));
    table.finish(7);
}

#[test]
fn refuses_dates_of_every_other_form() {
    let mut table = Table::new("date");
    for text in [
        "",
        "now",
        "tomorrow",
        "garbage",
        "@0",
        "0",
        "-1",
        "1795421700",
        "2026-11-23T08:15:00Z",
        "Monday, 23-Nov-26 08:15:00 GMT",
        "Mon Nov 23 08:15:00 2026",
        "Mon, 23 Nov 26 08:15:00 GMT",
        "Mon, 23 Nov 2026 08:15:00 UTC",
        "Mon, 23 Nov 2026 08:15:00 CET",
        "Mon, 23 Nov 2026 09:15:00 +0100",
        "Mon, 23 Nov 2026 08:15:00 +0000",
        "Mon, 23 Nov 2026 08:15:00",
        "Mon, 23 Nov 2026 08:15:00 gmt",
        "mon, 23 nov 2026 08:15:00 GMT",
        "Tue, 23 Nov 2026 08:15:00 GMT",
        "23 Nov 2026 08:15:00 GMT",
        "Mon, 30 Feb 2026 08:15:00 GMT",
        "Mon, 23 Nov -026 08:15:00 GMT",
        "Mon, 23 Nov 2026 24:15:00 GMT",
        "Mon, 23 Nov 2026 08:60:00 GMT",
        "Mon, 23 Nov 2026 08:15:60 GMT",
        "Mon, 23 Nov 2026  8:15:00 GMT",
        "Mon, 23 Nov 2026 08:15:00 GMT, Mon, 23 Nov 2026 08:15:00 GMT",
        "Mon, 23 Nov 2026 08:15:00 GMT;",
        "Mon,\t23 Nov 2026 08:15:00 GMT",
    ] {
        let malformed = Rejection::DateMalformed { got: text.into(), reason: DateError };
        table.refuse(&format!("`{text}`"), malformed, &Forge::new().set("Date", text).sign());
    }
    table.finish(30);
}
