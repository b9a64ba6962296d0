//! Genuine requests and what becomes of them on the way, or at the hands of somebody who signs: the same in each run.
//!
//! Each mutant has a number, and follows from that alone.

mod lines;
mod signature;
mod splice;
mod values;

use crate::support::keys::{A, B, BITS_3072, TestKey};
use crate::support::{Forge, HOST, Message, Seeded, base64, date_from_now};

use super::generate::signable;

/// The name that key [`B`] is published under.
pub(super) const OTHER_KEY_ID: &str = "2026-12._domainkey.copernica.com";
/// What the receiver expects beside what the tests' receivers all do.
pub(super) const OTHER_ACCOUNT: u64 = 99;
pub(super) const OTHER_HOST: &str = "crm.example.org:8443";
/// The longest body that the receiver takes, in bytes.
pub(super) const MAX_BODY: u64 = 400;

/// So many mutants descend from the same few genuine requests, so that signing does not take all the time.
const PER_FAMILY: u64 = 128;
const GENUINE: usize = 4;

/// A few genuine requests.
pub(super) struct Family {
    number: u64,
    genuine: Vec<Message>,
    signed: Vec<Vec<u8>>,
}

/// A request that may have been changed.
pub(super) struct Mutant {
    pub(super) message: Message,
    /// What was done to it.
    pub(super) changes: Vec<&'static str>,
    /// What a holder of a key has signed for it, beyond what he has signed for its family.
    signed: Option<Vec<u8>>,
}

/// One change. Where it finds nothing to change, it changes nothing.
type Change = (&'static str, fn(&mut Message, &Family, &mut Seeded));

impl Family {
    /// The family that a mutant descends from, if it is another than this.
    pub(super) fn of(number: u64, known: Option<Self>) -> Self {
        let number = number / PER_FAMILY;
        known.filter(|family| family.number == number).unwrap_or_else(|| Self::new(number))
    }

    fn new(number: u64) -> Self {
        let mut seeded = seeded(number, 1);
        let forges: Vec<_> = (0..GENUINE).map(|_| callback(&mut seeded)).collect();
        let signed = forges.iter().map(Forge::signing_string).collect();
        Self { number, genuine: forges.into_iter().map(Forge::sign).collect(), signed }
    }

    /// Another of the genuine requests, or perhaps the same.
    fn relative(&self, seeded: &mut Seeded) -> &Message {
        seeded.pick(&self.genuine)
    }

    /// Whether a holder of a published key has signed this for this request, or for one of its family.
    pub(super) fn has_signed(&self, mutant: &Mutant, signing_string: &[u8]) -> bool {
        self.signed.iter().chain(&mutant.signed).any(|signed| signed == signing_string)
    }

    /// The mutant of a number.
    pub(super) fn mutant(&self, number: u64) -> Mutant {
        let mut seeded = seeded(number, 2);
        let mut mutant = Mutant { message: self.relative(&mut seeded).clone(), changes: Vec::new(), signed: None };
        match seeded.below(100) {
            0..4 => {}
            4..28 => mutant.change(harmless, self, &mut seeded),
            28..75 => mutant.change(any, self, &mut seeded),
            // A rule that a receiver forgets shows where nothing else is wrong.
            75..97 => {
                mutant.change(any, self, &mut seeded);
                mutant.sign_again();
            }
            _ => {
                mutant.change(harmless, self, &mut seeded);
                mutant.sign_by_a_stranger(&mut seeded);
            }
        }
        mutant
    }
}

impl Mutant {
    fn change(&mut self, of: fn(&mut Seeded) -> Change, family: &Family, seeded: &mut Seeded) {
        for _ in 0..*seeded.pick(&[1, 1, 1, 2, 2, 3]) {
            let (name, change) = of(seeded);
            change(&mut self.message, family, seeded);
            self.changes.push(name);
        }
    }

    /// Somebody who holds the key that the request names signs it as it is now.
    fn sign_again(&mut self) {
        let key: &'static TestKey = if self.names_b() { &B } else { &A };
        if let Some(signing_string) = signature::sign(&mut self.message, key) {
            self.signed = Some(signing_string);
            self.changes.push("signed again");
        }
    }

    /// Somebody signs it with a key that is published under another name or under none.
    fn sign_by_a_stranger(&mut self, seeded: &mut Seeded) {
        let other: &'static TestKey = if self.names_b() { &A } else { &B };
        signature::sign(&mut self.message, if seeded.once_in(8) { &BITS_3072 } else { other });
        self.changes.push("signed by a stranger");
    }

    fn names_b(&self) -> bool {
        let key_id = signature::parameter(&self.message, "keyId").unwrap_or_default();
        key_id.trim_end_matches('.').eq_ignore_ascii_case(OTHER_KEY_ID)
    }
}

/// A change that a receiver must not mind, but for a few that happen to meet something that is covered.
fn harmless(seeded: &mut Seeded) -> Change {
    *match seeded.below(2) {
        0 => seeded.pick(lines::HARMLESS),
        _ => seeded.pick(signature::HARMLESS),
    }
}

fn any(seeded: &mut Seeded) -> Change {
    *match seeded.below(12) {
        0 => return harmless(seeded),
        1..4 => seeded.pick(lines::CHANGES),
        4..7 => seeded.pick(values::CHANGES),
        7..10 => seeded.pick(signature::CHANGES),
        _ => seeded.pick(splice::CHANGES),
    }
}

/// A callback that a strict receiver takes once it is signed, for one of its accounts and hosts.
fn callback(seeded: &mut Seeded) -> Forge {
    let mut forge = signable(seeded);
    if seeded.once_in(3) {
        forge = forge.set("Host", OTHER_HOST);
    }
    if seeded.once_in(3) {
        forge = forge.set("X-Copernica-ID", format!("account_{OTHER_ACCOUNT}"));
    }
    if seeded.once_in(3) {
        forge = forge.set("Date", date_from_now(*seeded.pick(&[-300, -299, -1, 0, 59, 60])));
    }
    if seeded.once_in(4) {
        forge = forge.key(OTHER_KEY_ID, &B);
    }
    if seeded.once_in(5) {
        forge = forge.algorithm(None);
    }
    if seeded.once_in(4) {
        let body = forge.message.body.clone();
        forge = forge.set("Digest", values::strong_digests(seeded, &body));
    }
    if seeded.once_in(8) {
        forge.message.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
        forge.message.authority = Some(HOST.into());
    }
    let name = base64(seeded.next().to_be_bytes());
    forge.set("X-Nonce", name)
}

/// Numbers that follow from a number, for one of several uses.
fn seeded(number: u64, purpose: u64) -> Seeded {
    let mut mixer = Seeded(number.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ purpose);
    Seeded(mixer.next())
}

/// A place in something, to put something there.
fn place(seeded: &mut Seeded, length: usize) -> usize {
    seeded.below(length + 1)
}

/// The value of one header line, but not that of `Signature`.
fn some_value<'a>(message: &'a mut Message, seeded: &mut Seeded) -> Option<&'a mut Vec<u8>> {
    let lines = message.headers.iter_mut().filter(|(name, _)| !name.eq_ignore_ascii_case("signature"));
    let mut values: Vec<_> = lines.map(|(_, value)| value).collect();
    if values.is_empty() {
        return None;
    }
    let at = seeded.below(values.len());
    Some(values.swap_remove(at))
}

/// The value of the first line of a name.
fn value_of<'a>(message: &'a mut Message, name: &str) -> Option<&'a mut Vec<u8>> {
    message.headers.iter_mut().find(|(line, _)| line.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A character for another that looks like it, or that some library takes for it.
fn look_alike(character: char) -> &'static str {
    match character {
        'a' | 'A' => "\u{430}",
        'c' | 'C' => "\u{441}",
        'e' | 'E' => "\u{435}",
        'i' | 'I' => "\u{131}",
        'k' | 'K' => "\u{212a}",
        'o' | 'O' => "\u{43e}",
        's' | 'S' => "\u{17f}",
        '0' => "\u{ff10}",
        '1' => "\u{ff11}",
        '2' => "\u{662}",
        '.' => "\u{3002}",
        '-' => "\u{2010}",
        '_' => "\u{ff3f}",
        ',' => "\u{ff0c}",
        '"' => "\u{ff02}",
        ':' => "\u{ff1a}",
        '/' => "\u{2215}",
        ' ' => "\u{a0}",
        _ => "\u{200b}",
    }
}

/// Replaces a character of a text by one that looks like it.
fn disguise(text: &str, seeded: &mut Seeded) -> String {
    let at = seeded.below(text.chars().count().max(1));
    text.chars()
        .enumerate()
        .map(|(index, c)| if index == at { look_alike(c).to_owned() } else { c.to_string() })
        .collect()
}
