//! The request line and the header lines as a whole.

use callback_verifier::Transport;

use super::{Change, disguise, place, some_value};
use crate::support::{HOST, Message, Seeded};

pub(super) const HARMLESS: &[Change] = &[
    ("order of lines", |message, _, seeded| {
        // Those of one name keep theirs.
        let mut order: Vec<String> = Vec::new();
        for (name, _) in &message.headers {
            let name = name.to_ascii_lowercase();
            let at = place(seeded, order.len());
            if !order.contains(&name) {
                order.insert(at, name);
            }
        }
        let rank = |name: &str| order.iter().position(|known| known.eq_ignore_ascii_case(name));
        message.headers.sort_by_key(|(name, _)| rank(name));
    }),
    ("case of names", |message, _, seeded| {
        for (name, _) in &mut message.headers {
            *name = if seeded.once_in(2) { name.to_ascii_uppercase() } else { name.to_ascii_lowercase() };
        }
    }),
    ("white space round a value", |message, _, seeded| {
        if let Some(value) = some_value(message, seeded) {
            *value = [seeded.text(" \t", 3).as_bytes(), value, seeded.text(" \t", 3).as_bytes()].concat();
        }
    }),
    ("another line", |message, _, seeded| {
        let name =
            *seeded.pick(&["X-Forwarded-Proto", "X-Forwarded-Host", "X-Date", "X-Original-URL", "Cookie", "Origin"]);
        let value = *seeded.pick(&["https", "other.example", "Mon, 23 Nov 2026 08:15:01 GMT", "/other", "\x01", ""]);
        let at = place(seeded, message.headers.len());
        message.headers.insert(at, (name.into(), value.as_bytes().to_vec()));
    }),
    ("other credentials", |message, _, seeded| {
        let value = *seeded.pick(&["Basic QWxhZGRpbg==", "Bearer signature", "Signatures x", "Sig keyId=\"x\"", ""]);
        message.headers.push(("Authorization".into(), value.into()));
    }),
    ("transport", |message, _, seeded| {
        message.transport = *seeded.pick(&[Transport::Unknown, Transport::Http, Transport::Https]);
    }),
    ("the same authority", |message, _, seeded| {
        let host = super::value_of(message, "host").and_then(|value| String::from_utf8(value.clone()).ok());
        if let Some(host) = host {
            message.authority =
                Some(if seeded.once_in(2) { host.to_ascii_uppercase() } else { host }.trim().to_owned());
        }
    }),
    ("256 lines", |message, _, _| fill(message, 256)),
];

pub(super) const CHANGES: &[Change] = &[
    ("method", |message, _, seeded| {
        let methods = [
            "GET",
            "PUT",
            "POSTS",
            "PATCH",
            "post",
            "Post",
            "POST ",
            "P\u{2c6}OST",
            "",
            "POST\n",
            "CONNECT",
            "OPTIONS",
        ];
        message.method = (*seeded.pick(&methods)).into();
    }),
    ("a character more in the target", |message, _, seeded| {
        let more = *seeded.pick(&[
            "q", "/", "//", ";", "?", "&", "%", "%2e", "%00", "#", "#f", " ", "\t", "\u{e9}", "\n", "..", "\\",
        ]);
        let at = place(seeded, message.target.len());
        if message.target.is_char_boundary(at) {
            message.target.insert_str(at, more);
        }
    }),
    ("a character less in the target", |message, _, seeded| {
        let at = place(seeded, message.target.len());
        if message.target.is_char_boundary(at) && at < message.target.len() {
            message.target.remove(at);
        }
    }),
    ("case in the target", |message, _, seeded| {
        message.target =
            if seeded.once_in(2) { message.target.to_ascii_uppercase() } else { message.target.to_ascii_lowercase() };
    }),
    ("encoding of the target", |message, _, seeded| {
        let (from, to) =
            *seeded.pick(&[("~", "%7E"), ("%7E", "~"), ("+", "%20"), ("a", "%61"), ("/", "%2F"), ("%", "%25")]);
        message.target = message.target.replacen(from, to, 1);
    }),
    ("order of the query", |message, _, _| {
        if let Some((path, query)) = message.target.clone().split_once('?') {
            let mut parts: Vec<_> = query.split('&').collect();
            parts.reverse();
            message.target = format!("{path}?{}", parts.join("&"));
        }
    }),
    ("another form of the target", |message, _, seeded| {
        let target = &message.target;
        let forms =
            [String::new(), "*".into(), format!("https://{HOST}{target}"), format!("//{HOST}{target}"), HOST.into()];
        message.target = seeded.pick(&forms).clone();
    }),
    ("a line twice", |message, _, seeded| {
        if let Some(line) = some_line(message, seeded) {
            let at = place(seeded, message.headers.len());
            let copy = message.headers[line].clone();
            message.headers.insert(at, copy);
        }
    }),
    ("a line twice, one of them otherwise", |message, _, seeded| {
        if let Some(line) = some_line(message, seeded) {
            let (name, mut value) = message.headers[line].clone();
            match seeded.below(3) {
                0 => value.clear(),
                1 => value.push(b'1'),
                _ => value = b"other".to_vec(),
            }
            let at = place(seeded, message.headers.len());
            message.headers.insert(at, (name, value));
        }
    }),
    ("a line less", |message, _, seeded| {
        if let Some(line) = some_line(message, seeded) {
            message.headers.remove(line);
        }
    }),
    ("a line of another name", |message, _, seeded| {
        if let Some(line) = some_line(message, seeded) {
            let name = message.headers[line].0.clone();
            let names = [
                format!("X-{name}"),
                format!("{name} "),
                format!(" {name}"),
                format!("{name}:"),
                name.replace('-', "_"),
                format!("{name}\0"),
                disguise(&name, seeded),
                String::new(),
            ];
            message.headers[line].0 = seeded.pick(&names).clone();
        }
    }),
    ("two values exchanged", |message, _, seeded| {
        if let (Some(one), Some(other)) = (some_line(message, seeded), some_line(message, seeded)) {
            let value = message.headers[one].1.clone();
            message.headers[one].1 = std::mem::replace(&mut message.headers[other].1, value);
        }
    }),
    ("two names exchanged", |message, _, seeded| {
        if let (Some(one), Some(other)) = (some_line(message, seeded), some_line(message, seeded)) {
            let name = message.headers[one].0.clone();
            message.headers[one].0 = std::mem::replace(&mut message.headers[other].0, name);
        }
    }),
    ("a line in two", |message, _, seeded| {
        if let Some(line) = some_line(message, seeded) {
            let (name, value) = message.headers[line].clone();
            let separator = if seeded.once_in(2) { b',' } else { b' ' };
            if let Some(at) = value.iter().position(|&b| b == separator) {
                message.headers[line].1.truncate(at);
                message.headers.insert(line + 1, (name, value[at + 1..].to_vec()));
            }
        }
    }),
    ("lines of one name in one", |message, _, seeded| {
        let Some(line) = some_line(message, seeded) else { return };
        let name = message.headers[line].0.clone();
        let of_name = |(other, _): &(String, Vec<u8>)| other.eq_ignore_ascii_case(&name);
        let values: Vec<_> =
            message.headers.iter().filter(|line| of_name(line)).map(|(_, value)| value.clone()).collect();
        message.headers.retain(|line| !of_name(line));
        message.headers.push((name, values.join(&b", "[..])));
    }),
    ("all lines in reverse", |message, _, _| message.headers.reverse()),
    ("another authority", |message, _, seeded| {
        let other = *seeded.pick(&[
            "other.example",
            "",
            HOST,
            "hooks.example.com:443",
            " hooks.example.com",
            "HOOKS.example.com",
            "a\nb",
        ]);
        message.authority = Some(other.into());
        if seeded.once_in(3) {
            message.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("host"));
        }
    }),
    ("257 lines", |message, _, _| fill(message, 257)),
];

/// A line, as often as not one that a receiver knows.
fn some_line(message: &Message, seeded: &mut Seeded) -> Option<usize> {
    if message.headers.is_empty() { None } else { Some(seeded.below(message.headers.len())) }
}

fn fill(message: &mut Message, lines: usize) {
    while message.headers.len() < lines {
        message.headers.push(("X-Filler".into(), b"x".to_vec()));
    }
}
