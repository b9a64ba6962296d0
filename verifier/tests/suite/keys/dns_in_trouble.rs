//! A receiver through every trouble that DNS can have. What comes of it is a table of the manual, `docs/dns-in-trouble.md`:
//! the test computes it and compares. `UPDATE_DOCS=1` writes it anew.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use callback_verifier::{Class, Verifier};
use hickory_server::proto::op::ResponseCode::{NXDomain, Refused, ServFail};

use super::zone::{TTL, Trouble, Zone, verifier};
use crate::support::keys::{A, B, BITS_3072, TestKey};
use crate::support::{Forge, KEY_ID, Message, Seeded, now};

const NEXT_ID: &str = "2026-12._domainkey.copernica.com";
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/dns-in-trouble.md");
const DAY: u64 = 24 * 60 * 60;
/// How long a trouble is watched, in seconds.
const WATCHED: u64 = 30;
/// For so long made-up names come before anything else, in milliseconds: a flood is already there.
const BEFORE: u64 = 1000;
/// How many callbacks of each kind come in a second.
const RATE: u64 = 10;

/// One trouble.
struct Row {
    trouble: &'static str,
    begin: fn(&Zone),
    /// How long after the key was proven it is watched, in seconds. Then the key's time to live is over, unless it says not.
    after: u64,
    /// Which key the platform signs with under the name of the proven one.
    signs: &'static TestKey,
    /// How many callbacks under made-up names come in a second.
    made_up: u64,
    /// Whether every honest callback under the proven name must be accepted.
    survives: bool,
}

fn rows() -> Vec<Row> {
    let row = |trouble, begin| Row { trouble, begin, after: TTL, signs: &A, made_up: 1, survives: true };
    vec![
        row("none", |_| {}),
        Row { made_up: 1000, ..row("none, but 1,000 made-up names a second", |_| {}) },
        row("the first packet for each name gets lost", |zone| zone.is_in(Trouble::FirstPacketLost)),
        row("SERVFAIL", |zone| zone.is_in(Trouble::Code(ServFail))),
        Row { after: 60, ..row("SERVFAIL, within the key's TTL", |zone| zone.is_in(Trouble::Code(ServFail))) },
        Row {
            after: TTL + DAY,
            survives: false,
            ..row("SERVFAIL, a day beyond the key's TTL", |zone| zone.is_in(Trouble::Code(ServFail)))
        },
        row("REFUSED", |zone| zone.is_in(Trouble::Code(Refused))),
        row("no answer", |zone| zone.is_in(Trouble::Silence)),
        row("truncated, and nobody answers by TCP", |zone| zone.is_in(Trouble::Truncated)),
        row("malformed answers", |zone| zone.is_in(Trouble::Garbage)),
        row("a referral to other name servers", |zone| zone.is_in(Trouble::Referral)),
        row("aliases without end", |zone| zone.is_in(Trouble::EndlessAliases)),
        Row { after: 60, signs: &B, ..row("another key under the proven name, within its TTL", publish_another) },
        Row { survives: false, ..row("the proven key is revoked", revoke) },
        Row { survives: false, ..row("NXDOMAIN for every name", |zone| zone.is_in(Trouble::Code(NXDomain))) },
    ]
}

fn publish_another(zone: &Zone) {
    zone.publish(KEY_ID, &[B.record()]);
}

fn revoke(zone: &Zone) {
    zone.publish(KEY_ID, &["v=DKIM1;p=".to_owned()]);
}

#[tokio::test]
async fn a_proven_key_survives_every_trouble_and_no_forgery_is_accepted() {
    let mut table = HEAD.to_owned();
    for row in rows() {
        let Watched { proven, new, forged, questions } = watch(&row).await;
        assert_eq!(forged.accepted, 0, "{}", row.trouble);
        assert!(proven.accepted == RATE * WATCHED || !row.survives, "{}: {proven}", row.trouble);
        // Those about new names, and two more about the proven one: forgeries have it looked up again.
        assert!(questions <= 100 + 20 * (WATCHED + 1) + 2, "{}: {questions} questions", row.trouble);
        writeln!(table, "| {} | {proven} | {new} | {forged} | {questions} |", row.trouble).unwrap();
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(FILE, &table).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(table == committed, "docs/dns-in-trouble.md is out of date, run again with UPDATE_DOCS=1:\n{table}");
}

/// What became of the callbacks, and how many questions it took.
#[derive(Default)]
struct Watched {
    proven: Tally,
    new: Tally,
    forged: Tally,
    questions: u64,
}

#[derive(Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    put_off: u64,
}

enum Kind {
    Proven,
    New,
    Forged,
    MadeUp,
}

async fn watch(row: &Row) -> Watched {
    let zone = Zone::publishing(&[(KEY_ID, &A), (NEXT_ID, &B)]);
    let keys = Arc::new(zone.keys());
    let verifier = verifier(Arc::clone(&keys));
    let sign = |id: &str, key| Forge::new().key(id, key).sign();
    let (first, proven, new) = (sign(KEY_ID, &A), sign(KEY_ID, row.signs), sign(NEXT_ID, &B));
    let forged = sign(KEY_ID, &BITS_3072);
    let mut watched = Watched::default();
    let mut before = Tally::default();
    before.count(&verifier, &first, now()).await;
    assert_eq!(before.accepted, 1);
    (row.begin)(&zone);
    // Nothing but timers moves while the name server is silent, so nobody has to wait for them.
    let is_silent = row.trouble == "no answer";
    if is_silent {
        tokio::time::pause();
    }
    let questions_before = keys.statistics().questions;
    for (number, (millis, kind)) in timetable(row).into_iter().enumerate() {
        let at = now() + Duration::from_secs(row.after) + Duration::from_millis(millis);
        match kind {
            Kind::Proven => watched.proven.count(&verifier, &proven, at).await,
            Kind::New => watched.new.count(&verifier, &new, at).await,
            Kind::Forged => watched.forged.count(&verifier, &forged, at).await,
            Kind::MadeUp => {
                let made_up = forged.clone().resign("2026-11", &format!("made-up-{number}"));
                watched.forged.count(&verifier, &made_up, at).await;
            }
        }
    }
    if is_silent {
        tokio::time::resume();
    }
    watched.questions = keys.statistics().questions - questions_before;
    watched
}

/// When which callback comes, in milliseconds: at random, but the same for each run.
fn timetable(row: &Row) -> Vec<(u64, Kind)> {
    let mut random = Seeded(1);
    let mut within = |length: u64| random.next() % length;
    let slot = 1000 / RATE;
    let mut timetable = Vec::new();
    for begin in (0..WATCHED * RATE).map(|number| BEFORE + number * slot) {
        for kind in [Kind::Proven, Kind::New, Kind::Forged] {
            timetable.push((begin + within(slot), kind));
        }
    }
    let slot = 1000 / row.made_up;
    let made_up = (BEFORE / 1000 + WATCHED) * row.made_up;
    timetable.extend((0..made_up).map(|number| (number * slot + within(slot), Kind::MadeUp)));
    timetable.sort_by_key(|(millis, _)| *millis);
    timetable
}

impl Tally {
    async fn count(&mut self, verifier: &Verifier, message: &Message, now: SystemTime) {
        match verifier.verify(&message.head(), &message.body, now).await.map_err(|refused| refused.class()) {
            Ok(_) => self.accepted += 1,
            Err(Class::Rejected) => self.refused += 1,
            Err(Class::Temporary) => self.put_off += 1,
            Err(other) => panic!("nothing is wrong with the callback but its key: {other:?}"),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.accepted, " accepted"), (self.refused, " × 401"), (self.put_off, " × 503")];
        let parts: Vec<_> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count}{what}")).collect();
        f.write_str(&parts.join(", "))
    }
}

const HEAD: &str = "\
# What becomes of callbacks while DNS is in trouble

Made by the test `keys::dns_in_trouble`, which drives a receiver with the default settings through each trouble over real
sockets, and fails when this table is out of date.

A key is proven, then the trouble begins, and once the key's TTL of 300 s is over (if the row does not say otherwise) callbacks
come for 30 s: 10 a second that are signed with the proven key, 10 a second under the name of a key never seen before, and
10 a second that are forged under the name of the proven key. One more forgery a second has a made-up name, from a second
before. \"Questions\" are
what the receiver asks its name server; each may take up to three packets, and one more round for each alias.

- **No forgery is accepted.** While DNS cannot say whether a key was rotated, it is answered with 503 and not with 401.
- **No honest callback under a proven key is refused or put off**, for a day, unless DNS says that the key is gone.
- **A key never seen before** cannot be had while DNS fails: 503, and the sender tries again. When names are made up in a flood
  it waits for its turn; `DnsKeys::expecting` spares it that.
- **A made-up name** is refused with 401 only where DNS says that there is no such key; those beyond the limit get 503.

| what DNS does | honest, proven key | honest, new key | forged | questions |
| --- | --- | --- | --- | --- |
";
