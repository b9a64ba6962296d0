//! What stands in the header lines, and the body.

use sha2::{Digest, Sha256, Sha512};

use super::{Change, MAX_BODY, disguise, place, some_value, value_of};
use crate::support::{Message, Seeded, base64, date_from_now};

pub(super) const CHANGES: &[Change] = &[
    ("a character more", |message, _, seeded| {
        let more = *seeded.pick(b"a09!~,=\"\\ \t");
        if let Some(value) = some_value(message, seeded) {
            let at = place(seeded, value.len());
            value.insert(at, more);
        }
    }),
    ("a control character more", |message, _, seeded| {
        let more = *seeded.pick(&[b'\n', b'\r', 0, 0x0b, 0x0c, 0x1f, 0x7f, 0x80, 0xa0]);
        if let Some(value) = some_value(message, seeded) {
            let at = place(seeded, value.len());
            value.insert(at, more);
        }
    }),
    ("a forged line in a value", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded) {
            let lines = ["\nx-nonce: other", "\r\nX-Nonce: other", "\r\n folded", "\ndigest: "];
            value.extend_from_slice(seeded.pick(&lines).as_bytes());
        }
    }),
    ("a character less", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded).filter(|value| !value.is_empty()) {
            value.remove(seeded.below(value.len()));
        }
    }),
    ("a bit of a value", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded).filter(|value| !value.is_empty()) {
            let at = seeded.below(value.len());
            value[at] ^= 1 << seeded.below(8);
        }
    }),
    ("case of a value", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded) {
            if seeded.once_in(2) { value.make_ascii_uppercase() } else { value.make_ascii_lowercase() }
        }
    }),
    ("no value", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded) {
            value.clear();
        }
    }),
    ("a value twice", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded) {
            *value = [&value[..], seeded.pick(&[", ", ",", " "]).as_bytes(), value].concat();
        }
    }),
    ("a look-alike in a value", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded)
            && let Ok(text) = str::from_utf8(value)
        {
            *value = disguise(text, seeded).into_bytes();
        }
    }),
    ("host", |message, _, seeded| {
        replace(message, "host", HOSTS, seeded);
    }),
    ("date", |message, _, seeded| {
        let date = if seeded.once_in(2) { (*seeded.pick(DATES)).to_owned() } else { some_date(seeded) };
        replace(message, "date", &[&date], seeded);
    }),
    ("account", |message, _, seeded| {
        replace(message, "x-copernica-id", ACCOUNTS, seeded);
    }),
    ("nonce", |message, _, seeded| {
        let long = "n".repeat(257);
        replace(message, "x-nonce", &["", "other", "a b", &long], seeded);
    }),
    ("content type", |message, _, seeded| {
        replace(
            message,
            "content-type",
            &["text/plain", "application/xml", "application/json; charset=utf-7", ""],
            seeded,
        );
    }),
    ("content length", |message, _, seeded| {
        let length = message.body.len();
        let lengths = [
            format!("0{length}"),
            format!("{length}, {length}"),
            format!("+{length}"),
            format!("-{length}"),
            format!("{length}.0"),
            format!("0x{length:x}"),
            format!("{length} "),
            (length + 1).to_string(),
            length.saturating_sub(1).to_string(),
            "18446744073709551616".into(),
            (MAX_BODY + 1).to_string(),
            "\u{661}".into(),
            String::new(),
        ];
        let lengths: Vec<_> = lengths.iter().map(String::as_str).collect();
        replace(message, "content-length", &lengths, seeded);
    }),
    ("a header's length follows its body", |message, _, _| {
        let length = message.body.len().to_string();
        if let Some(value) = value_of(message, "content-length") {
            *value = length.into_bytes();
        }
    }),
    ("digest", |message, _, seeded| {
        let body = message.body.clone();
        if let Some(value) = value_of(message, "digest") {
            *value = digest(seeded, &body, value);
        }
    }),
    ("a strong digest", |message, _, seeded| {
        let digests = strong_digests(seeded, &message.body);
        replace(message, "digest", &[&digests], seeded);
    }),
    ("a bit of the body", |message, _, seeded| {
        if !message.body.is_empty() {
            let at = seeded.below(message.body.len());
            message.body[at] ^= 1 << seeded.below(8);
        }
    }),
    ("a longer body", |message, _, seeded| {
        let more = *seeded.pick(&[1, 1, 2, 16, 500]);
        message.body.extend(std::iter::repeat_n(b' ', more));
    }),
    ("a shorter body", |message, _, seeded| {
        let length = if seeded.once_in(3) { 0 } else { message.body.len().saturating_sub(1) };
        message.body.truncate(length);
    }),
    ("another body with its length and digest", |message, _, seeded| {
        let limit = usize::try_from(MAX_BODY).unwrap();
        message.body = vec![b'x'; *seeded.pick(&[0, 1, 2, limit, limit, limit + 1])];
        let (length, digest) = (message.body.len().to_string(), strong_digests(seeded, &message.body));
        for (name, text) in [("content-length", length), ("digest", digest)] {
            if let Some(value) = value_of(message, name) {
                *value = text.into_bytes();
            }
        }
    }),
];

const HOSTS: &[&str] = &[
    "other.example",
    "hooks.example.com:443",
    "hooks.example.com:80",
    "hooks.example.com:8443",
    "hooks.example.com:0443",
    "hooks.example.com:",
    "hooks.example.com.",
    "hooks.example.com/x",
    "hooks.example.com.evil.test",
    "evil-hooks.example.com",
    "user@hooks.example.com",
    "HOOKS.EXAMPLE.COM",
    "Hooks.Example.Com:443",
    "crm.example.org",
    "crm.example.org:443",
    "CRM.example.org:8443",
    "crm.example.org:08443",
    "hooks.example.com:65979",
    "hooks.example.com, hooks.example.com",
    "",
    "[::1]",
    "hooks_example.com",
    "hooks.example.com:+443",
    "hooks.example.com:443:443",
];

const DATES: &[&str] = &[
    "Monday, 23-Nov-26 08:15:00 GMT",
    "Mon Nov 23 08:15:00 2026",
    "Mon, 23 Nov 26 08:15:00 GMT",
    "Mon, 23 Nov 2026 08:15:00 UTC",
    "Mon, 23 Nov 2026 08:15:00 +0000",
    "Tue, 23 Nov 2026 08:15:00 GMT",
    "mon, 23 nov 2026 08:15:00 gmt",
    "Mon,  3 Nov 2026 08:15:00 GMT",
    "Mon, 23 Nov 2026 08:15:60 GMT",
    "Mon, 23 Nov 2026 8:15:00 GMT",
    "Mon, 23 Nov 2026 24:00:00 GMT",
    "Mon, 30 Feb 2026 08:15:00 GMT",
    "2026-11-23T08:15:00Z",
    "1795421700",
    "now",
    "@0",
    "",
    "Mon, 23 Nov 2026 08:15:00 GMT, Mon, 23 Nov 2026 08:15:00 GMT",
    "Mon, 23 Nov 2026 08:15:00  GMT",
    "Mon,\t23 Nov 2026 08:15:00 GMT",
    "Sun, 00 Nov 2026 08:15:00 GMT",
    "Wed, 31 Dec 1969 23:59:59 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Sat, 01 Jan 0000 00:00:00 GMT",
    "Mon, 23 N\u{43e}v 2026 08:15:00 GMT",
];

const ACCOUNTS: &[&str] = &[
    "account_1235",
    "account_12345",
    "account_01234",
    "account-1234",
    "ACCOUNT_1234",
    "Account-99",
    "account_1e3",
    "account_+1234",
    "account__1234",
    "account_-1234",
    "account_1234.0",
    "account_ 1234",
    "1234",
    "account",
    "account_",
    "environment_1234",
    "environment-99",
    "account_1234, account_1234",
    "account_0",
    "account_18446744073709551615",
    "account_18446744073709552850",
    "account_0x4d2",
    "account1234",
    "accounts_1234",
    "account_\u{661}",
    "",
    "account_99",
    "account_1234",
];

/// A date near an edge of the window, or anywhere.
fn some_date(seeded: &mut Seeded) -> String {
    let seconds = [-302, -301, -300, -299, -60, 0, 59, 60, 61, 62, 3_600, -3_600, 31_536_000, -31_536_000, -86_400];
    date_from_now(*seeded.pick(&seconds))
}

/// A header's value, if it is there, for one of these.
fn replace(message: &mut Message, name: &str, values: &[&str], seeded: &mut Seeded) {
    if let Some(value) = value_of(message, name) {
        *value = seeded.pick(values).as_bytes().to_vec();
    }
}

fn sha256(body: &[u8]) -> String {
    base64(Sha256::digest(body))
}

fn sha512(body: &[u8]) -> String {
    base64(Sha512::digest(body))
}

/// A `Digest` that binds this body in one of the ways that count.
pub(super) fn strong_digests(seeded: &mut Seeded, body: &[u8]) -> String {
    let (one, other) = (sha256(body), sha512(body));
    match seeded.below(6) {
        0 => format!("SHA-256={one}"),
        1 => format!("sha-512={other}"),
        2 => format!("sHa-512={other}, ShA-256={one}"),
        3 => format!("md5=HUXZLQLMuI/KZ5KDcJPcOA==,sha-256={one}"),
        4 => format!("sha-256={one}\t, UNIXsum=30637 ,adler32=,a=1,b=2,c=3,d=4,e=5"),
        _ => format!("sha-256={one}"),
    }
}

/// A `Digest` of which most do not bind this body.
fn digest(seeded: &mut Seeded, body: &[u8], value: &[u8]) -> Vec<u8> {
    let (good, good512, bad) = (sha256(body), sha512(body), sha256(b"other"));
    let honest = String::from_utf8_lossy(value);
    let digests = [
        format!("sha-256={bad}"),
        format!("sha-256={good},sha-256={bad}"),
        format!("sha-256={bad},sha-256={good}"),
        format!("sha-256={good},SHA-256={good}"),
        format!("md5=1,MD5=2,sha-256={good}"),
        format!("sha-512={good512},sha-256={bad}"),
        format!("sha-256={good},sha-512={}", sha512(b"other")),
        format!("md5={good}"),
        format!("sha={good}"),
        "adler32=03da0195".into(),
        format!("sha256={good}"),
        format!("sha-256={}", good.trim_end_matches('=')),
        format!("sha-256={good}="),
        format!("sha-256={}", with_stray_bits(&good)),
        format!("sha-256={}", good.replace(['+', '/'], "_")),
        format!("sha-256={}", &good[..40]),
        format!("sha-256=:{good}:"),
        format!("sha-256= {good}"),
        format!("sha-256 ={good}"),
        format!("sha-256:{good}"),
        format!("sha-256={good};q=1"),
        format!("{honest},"),
        format!(",{honest}"),
        format!("{honest},,a=1"),
        format!("{honest},a"),
        format!("{honest}, =x"),
        format!("{honest},a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1"),
        format!("{honest},a=b c"),
        format!("{honest},a=\u{e9}"),
        format!("{honest},(=1"),
        "sha-256=".into(),
        format!("sha-512={good}"),
        format!("\u{17f}ha-256={good}"),
        good,
    ];
    seeded.pick(&digests).clone().into_bytes()
}

/// The same bytes for a decoder that ignores the bits that stand for nothing.
pub(super) fn with_stray_bits(padded: &str) -> String {
    let mut bytes = padded.as_bytes().to_vec();
    if let Some(last) = bytes.iter().rposition(|&b| b != b'=') {
        bytes[last] = if bytes[last] == b'9' { b'+' } else { bytes[last] + 1 };
    }
    String::from_utf8(bytes).unwrap()
}
