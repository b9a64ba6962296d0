//! What holds for every input: no parser panics, what is written reads back, and nothing that is covered can be changed.

use callback_verifier::key::KeyRecord;
use callback_verifier::wire::{
    Account, AccountKind, CoveredHeaders, Digests, Separator, SignatureHeader, format_date, parse_date,
};
use callback_verifier::{ExpectedHost, KeyName, PublicKey, Rejection, Zone};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

use crate::support::keys::A;
use crate::support::{Forge, Message, Receiver, block_on, now};

/// The same cases in each run, so that a failure is nobody else's.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(0x5eed), failure_persistence: None, ..ProptestConfig::default() }
}

/// Bytes of no meaning, and bytes that nearly mean something.
fn anything(grammar: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let nearly = (grammar, any::<Index>(), any::<u8>()).prop_map(|(text, at, byte): (String, Index, u8)| {
        let mut bytes = text.into_bytes();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), grammar.prop_map(String::into_bytes), nearly]
}

const SIGNATURE: &str =
    r#"( ?(keyId|algorithm|headers|signature|created|x)=("[!#-+./-~ ]{0,20}"|[0-9]{1,4}) ?,?){1,6}"#;
const RECORD: &str = "(v=DKIM1;? ?)?(k=(rsa|x);)?(t=[sy:]{0,3};)?( ?[a-z]{1,2} ?= ?[A-Za-z0-9+/=\r\n ]{0,40};?){0,4}";
const DATE: &str = "(Mon|Tue|Sun), [0-9]{2} (Jan|Feb|Nov) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT";

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_signature_header_reads_back(bytes in anything(SIGNATURE), separator in prop_oneof![Just(Separator::Comma), Just(Separator::CommaOrBlank)]) {
        if let Ok(header) = SignatureHeader::parse(&bytes, separator) {
            let written = header.to_string();
            prop_assert_eq!(SignatureHeader::parse(written.as_bytes(), Separator::Comma), Ok(header));
        }
    }

    #[test]
    fn a_well_formed_signature_header_is_read(
        key_id in "[a-z0-9._-]{1,30}", algorithm in proptest::option::of("[a-z0-9-]{0,12}"),
        headers in "[a-z()-]{1,9}( [a-z-]{1,9}){0,5}", signature in "[A-Za-z0-9+/]{0,40}=?",
    ) {
        let header = SignatureHeader { key_id: &key_id, algorithm: algorithm.as_deref(), headers: &headers, signature: &signature };
        let written = header.to_string();
        prop_assert_eq!(SignatureHeader::parse(written.as_bytes(), Separator::Comma), Ok(header));
    }

    #[test]
    fn covered_headers_read_back(bytes in anything("[a-zA-Z()-]{0,8}( [a-zA-Z-]{0,8}){0,5}")) {
        let Ok(text) = str::from_utf8(&bytes) else { return Ok(()) };
        if let Ok(covered) = CoveredHeaders::parse(text) {
            let names: Vec<_> = covered.iter().collect();
            prop_assert_eq!(names.join(" "), text);
            prop_assert_eq!(CoveredHeaders::parse(covered.as_str()), Ok(covered.clone()));
            prop_assert!(names.iter().all(|name| covered.contains(&name.to_ascii_uppercase())));
        }
    }

    #[test]
    fn a_key_name_reads_back(bytes in anything("[a-zA-Z0-9_-]{0,6}([.][a-zA-Z0-9_-]{0,6}){0,5}")) {
        let Ok(text) = str::from_utf8(&bytes) else { return Ok(()) };
        if let Ok(name) = KeyName::parse(text) {
            prop_assert_eq!(KeyName::parse(&name.to_string()), Ok(name.clone()));
            prop_assert_eq!(KeyName::parse(&text.to_ascii_uppercase()), Ok(name.clone()));
            // Below a zone are exactly the names that end in it, label by label.
            let zone = Zone::parse("a.b").unwrap();
            let labels: Vec<_> = name.as_str().split('.').collect();
            prop_assert_eq!(zone.contains(&name), labels.len() > 2 && labels.ends_with(&["a", "b"]));
        }
    }

    #[test]
    fn an_account_reads_back(bytes in anything("(account|environment|Account)[_-][0-9]{0,20}"), id: u64, environment: bool) {
        if let Ok(account) = Account::parse(&bytes) {
            prop_assert_eq!(Account::parse(account.to_string().as_bytes()), Ok(account));
        }
        let kind = if environment { AccountKind::Environment } else { AccountKind::Account };
        let account = Account { kind, id };
        prop_assert_eq!(Account::parse(account.to_string().as_bytes()), Ok(account));
    }

    #[test]
    fn a_date_reads_back(bytes in anything(DATE), seconds in 0..253_402_300_800_u64) {
        if let Ok(time) = parse_date(&bytes) {
            prop_assert_eq!(format_date(time).into_bytes(), bytes);
        }
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        prop_assert_eq!(parse_date(format_date(time).as_bytes()), Ok(time));
    }

    #[test]
    fn a_host_reads_back(bytes in anything("([a-z0-9.-]{0,9}|\\[[0-9a-f:]{0,9}\\])(:[0-9]{0,6})?")) {
        let Ok(text) = str::from_utf8(&bytes) else { return Ok(()) };
        if let Ok(host) = ExpectedHost::parse(text) {
            prop_assert_eq!(ExpectedHost::parse(&host.to_string()), Ok(host));
        }
    }

    #[test]
    fn digests_are_those_of_the_body_or_none(bytes in anything("(sha-256|SHA-512|md5)=[A-Za-z0-9+/]{0,88}={0,2}"), body: Vec<u8>) {
        if let Ok(digests) = Digests::parse(&bytes) {
            prop_assert!(digests.check(&body).is_err(), "nobody guesses a digest");
        }
        let digests = Digests::parse(format!("sha-256={}", Digests::sha256_base64(&body)).as_bytes()).unwrap();
        prop_assert_eq!(digests.check(&body), Ok(()));
    }

    #[test]
    fn no_record_or_key_makes_a_parser_panic(bytes in anything(RECORD), at: Index, byte: u8) {
        let _ = KeyRecord::parse(&bytes);
        let _ = PublicKey::from_der(&bytes);
        let mut record = A.record().into_bytes();
        let at = at.index(record.len());
        record[at] = byte;
        let _ = KeyRecord::parse(&record);
        let mut der = A.spki().to_vec();
        let at = at % der.len();
        der[at] = byte;
        if let Ok(key) = PublicKey::from_der(&der) {
            prop_assert!(!key.verify(b"message", &[1; 256]));
        }
    }
}

/// A callback whose covered headers are in some order, of some profile, perhaps with one more.
fn callback() -> impl Strategy<Value = Message> {
    let names = Forge::new().covered.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let list = Just(names).prop_shuffle();
    (list, any::<[bool; 2]>(), "[ -~]{0,20}", "/[!-\"$-~]{0,30}", proptest::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(list, [documented_digest, documented_account], extra, target, body)| {
            let forge = Forge::new().body(body).target(&target).add("X-Extra", extra).covering(&list.join(" "));
            let forge = if documented_digest { forge.documented_digest() } else { forge };
            let forge = if documented_account { forge.documented_account() } else { forge };
            forge.covering_also("x-extra").sign()
        })
}

/// Flips one bit.
fn flip(bytes: &mut [u8], at: &Index, bit: u8) {
    let at = at.index(bytes.len());
    bytes[at] ^= 1 << bit;
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn no_bit_of_what_is_covered_can_be_changed(signed in callback(), which in 0..12_usize, at: Index, bit in 0..8_u8) {
        let receiver = Receiver::strict();
        prop_assert_eq!(receiver.verdict(&signed), Ok(()));
        let ascii_bit = bit % 7;
        let flipped = match which {
            0..=7 => signed.with(|message| {
                let (_, value) = &mut message.headers[which];
                let start = value.iter().position(|&b| b != b' ').unwrap_or(0);
                let end = value.iter().rposition(|&b| b != b' ').map_or(0, |last| last + 1);
                match value.get_mut(start..end) {
                    Some(covered) if !covered.is_empty() => flip(covered, &at, bit),
                    _ => *value = b"x".to_vec(),
                }
            }),
            8 => flipped_text(signed, ascii_bit, &at, |message| &mut message.target),
            9 => flipped_text(signed, ascii_bit, &at, |message| &mut message.method),
            10 if signed.body.is_empty() => signed.body("x"),
            10 => signed.with(|message| flip(&mut message.body, &at, bit)),
            _ => with_signature_text_flipped(signed, &at, bit),
        };
        prop_assert!(receiver.verdict(&flipped).is_err(), "{:?}", flipped);
    }

    #[test]
    fn whatever_is_changed_in_the_signature_header_changes_nothing_that_counts(signed in callback(), at: Index, bit in 0..8_u8) {
        let flipped = signed.clone().with(|message| flip(&mut message.headers.last_mut().unwrap().1, &at, bit));
        if Receiver::strict().verdict(&flipped) == Ok(()) {
            // Names are the same in either case, and a parameter of another name than `algorithm` is none.
            let read = |message: &Message| {
                let header = SignatureHeader::parse(message.value("Signature"), Separator::Comma).unwrap();
                let lower = |text: &str| text.to_ascii_lowercase();
                (lower(header.key_id), lower(header.headers), header.signature.to_owned())
            };
            prop_assert_eq!(read(&flipped), read(&signed));
        }
    }

    #[test]
    fn a_body_in_any_parts_is_the_same_body(
        mut body in proptest::collection::vec(any::<u8>(), 0..2_000), cuts in proptest::collection::vec(any::<Index>(), 0..8),
        declared: bool, spoiled: bool, at: Index,
    ) {
        let forge = Forge::new().body(body.clone());
        let signed = if declared { forge } else { forge.without("Content-Length").not_covering("content-length") }.sign();
        if spoiled && !body.is_empty() {
            flip(&mut body, &at, 0);
        }
        let keys = callback_verifier::PinnedKeys::new().with_every_name(A.private.public_key().clone());
        let verifier = callback_verifier::Verifier::builder(1234).host("hooks.example.com").keys(keys).build().unwrap();
        let head = block_on(verifier.verify_head(&signed.head(), now())).unwrap();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len() + 1)).chain([0, body.len()]).collect();
        cuts.sort_unstable();
        let mut parts = head.clone().body();
        let streamed = cuts.windows(2).try_for_each(|cut| parts.update(&body[cut[0]..cut[1]])).and_then(|()| parts.finish());
        let whole = head.verify_body(&body);
        let is_other = spoiled && !body.is_empty();
        prop_assert_eq!(whole.as_ref().err().map(Rejection::code), is_other.then_some("digest_mismatch"));
        prop_assert_eq!(streamed.map(drop), whole.map(drop));
    }
}

fn flipped_text(signed: Message, bit: u8, at: &Index, field: fn(&mut Message) -> &mut String) -> Message {
    signed.with(|message| {
        let field = field(message);
        let mut bytes = field.clone().into_bytes();
        flip(&mut bytes, at, bit);
        *field = String::from_utf8(bytes).unwrap();
    })
}

fn with_signature_text_flipped(signed: Message, at: &Index, bit: u8) -> Message {
    signed.with(|message| {
        let value = &mut message.headers.last_mut().unwrap().1;
        let start = value.windows(11).position(|window| window == b"signature=\"").unwrap() + 11;
        let end = value.len() - 1;
        flip(&mut value[start..end], at, bit);
    })
}
