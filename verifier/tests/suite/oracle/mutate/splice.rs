//! Two genuine requests made into one, and changes that know nothing of requests.

use super::{Change, place, value_of};
use crate::support::{Message, Seeded};

pub(super) const CHANGES: &[Change] = &[
    ("another's body", |message, family, seeded| message.body = family.relative(seeded).body.clone()),
    ("another's body, with its length and digest", |message, family, seeded| {
        let other = family.relative(seeded);
        message.body.clone_from(&other.body);
        take(message, other, "content-length");
        take(message, other, "digest");
    }),
    ("another's signature", |message, family, seeded| take(message, family.relative(seeded), "signature")),
    ("another's signature value", |message, family, seeded| {
        super::signature::take_parameter(message, family.relative(seeded), "signature");
    }),
    ("another's keyId", |message, family, seeded| {
        super::signature::take_parameter(message, family.relative(seeded), "keyId")
    }),
    ("another's coverage", |message, family, seeded| {
        super::signature::take_parameter(message, family.relative(seeded), "headers");
    }),
    ("another's target", |message, family, seeded| message.target.clone_from(&family.relative(seeded).target)),
    ("another's value", |message, family, seeded| {
        let name =
            *seeded.pick(&["host", "date", "digest", "x-copernica-id", "x-nonce", "content-type", "content-length"]);
        take(message, family.relative(seeded), name);
    }),
    ("another's lines behind", |message, family, seeded| {
        message.headers.extend(family.relative(seeded).headers.clone())
    }),
    ("another's lines before", |message, family, seeded| {
        let other = family.relative(seeded).headers.clone();
        message.headers.splice(0..0, other);
    }),
    ("a bit of the raw request", |message, _, seeded| {
        raw(message, seeded, |bytes, at, seeded| bytes[at] ^= 1 << seeded.below(8));
    }),
    ("a byte less in the raw request", |message, _, seeded| {
        raw(message, seeded, |bytes, at, _| {
            bytes.remove(at);
        })
    }),
    ("a byte more in the raw request", |message, _, seeded| {
        raw(message, seeded, |bytes, at, seeded| bytes.insert(at, seeded.next().to_be_bytes()[0]));
    }),
    ("a piece of the raw request elsewhere", |message, _, seeded| {
        raw(message, seeded, |bytes, at, seeded| {
            let end = at + seeded.below((bytes.len() - at).min(40));
            let piece: Vec<_> = bytes.drain(at..end).collect();
            let to = place(seeded, bytes.len());
            bytes.splice(to..to, piece);
        });
    }),
];

/// Takes over a header's value.
fn take(message: &mut Message, other: &Message, name: &str) {
    let theirs = other.headers.iter().find(|(line, _)| line.eq_ignore_ascii_case(name));
    if let (Some(ours), Some((_, theirs))) = (value_of(message, name), theirs) {
        ours.clone_from(theirs);
    }
}

/// Changes the bytes on the wire, as far as they still are a request then.
fn raw(message: &mut Message, seeded: &mut Seeded, change: fn(&mut Vec<u8>, usize, &mut Seeded)) {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", message.method, message.target).into_bytes();
    for (name, value) in &message.headers {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    bytes.extend([b"\r\n", &message.body[..]].concat());
    let at = seeded.below(bytes.len());
    change(&mut bytes, at, seeded);
    let mut lines = [httparse::EMPTY_HEADER; 300];
    let mut request = httparse::Request::new(&mut lines);
    let Ok(httparse::Status::Complete(head)) = request.parse(&bytes) else { return };
    message.method = request.method.unwrap_or_default().to_owned();
    message.target = request.path.unwrap_or_default().to_owned();
    message.headers = request.headers.iter().map(|line| (line.name.to_owned(), line.value.to_vec())).collect();
    message.body = bytes[head..].to_vec();
}
