//! The `Signature` header.

use super::{Change, OTHER_KEY_ID, disguise, place, value_of, values::with_stray_bits};
use crate::support::keys::TestKey;
use crate::support::{Forge, KEY_ID, Message, Seeded, base64};

pub(super) const HARMLESS: &[Change] = &[
    ("order of parameters", |message, _, seeded| edit(message, |parameters| seeded.shuffle(parameters))),
    ("blanks between parameters", |message, _, seeded| {
        edit_text(message, |text| text.replace(',', seeded.pick::<&str>(&[" ,", ", ", "  ,   "])));
    }),
    ("blanks round the header", |message, _, seeded| {
        edit_text(message, |text| format!("{}{text}{}", seeded.text(" \t", 3), seeded.text(" \t", 3)));
    }),
    ("unknown parameters", |message, _, seeded| {
        edit(message, |parameters| {
            for unknown in
                ["created=1402170695", "expires=\"1402170699\"", "opaque=\"x=y; z\"", "x_1=\"\"", "keyid_=\"b\""]
            {
                let at = place(seeded, parameters.len());
                if seeded.once_in(2) && !parameters.iter().any(|known| known == unknown) {
                    parameters.insert(at, unknown.into());
                }
            }
        });
    }),
    ("no algorithm", |message, _, _| {
        edit(message, |parameters| parameters.retain(|parameter| !parameter.starts_with("algorithm=")));
    }),
    ("case of the keyId", |message, _, seeded| {
        edit_parameter(message, "keyId", |id| {
            if seeded.once_in(2) { id.to_ascii_uppercase() } else { id.to_ascii_lowercase() }
        });
    }),
    ("a dot behind the keyId", |message, _, _| {
        edit_parameter(message, "keyId", |id| format!("{}.", id.trim_end_matches('.')))
    }),
    ("case of covered names", |message, _, seeded| {
        edit_parameter(message, "headers", |names| {
            let respell = |name: &str| match seeded.below(3) {
                _ if name.starts_with('(') => name.to_owned(),
                0 => name.to_ascii_uppercase(),
                1 => name.to_ascii_lowercase(),
                _ => name.to_owned(),
            };
            names.split(' ').map(respell).collect::<Vec<_>>().join(" ")
        });
    }),
    ("16 unknown parameters", |message, _, _| add_unknown(message, 16)),
    ("a header of 8192 bytes", |message, _, _| fill(message, 8_192)),
];

pub(super) const CHANGES: &[Change] = &[
    ("a parameter twice", |message, _, seeded| {
        edit(message, |parameters| {
            let (one, at) = (seeded.pick(parameters).clone(), place(seeded, parameters.len()));
            let name = one.split('=').next().unwrap_or_default();
            let copies = [
                one.clone(),
                format!("{name}=\"x\""),
                format!("{name}=1"),
                format!("{name}=\"\""),
                one.to_ascii_lowercase(),
            ];
            parameters.insert(at, seeded.pick(&copies).clone());
        });
    }),
    ("a parameter less", |message, _, seeded| {
        edit(message, |parameters| drop(parameters.remove(seeded.below(parameters.len()))))
    }),
    ("a parameter of another name", |message, _, seeded| {
        edit_one(message, seeded, |parameter, seeded| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let names = [
                format!("foo-{name}"),
                name.to_ascii_uppercase(),
                name.to_ascii_lowercase(),
                format!("{name} "),
                format!("{name}2"),
                format!("_{name}"),
                format!("1{name}"),
                String::new(),
                disguise(name, seeded),
                format!("\"{name}\""),
                format!("{name}*"),
            ];
            format!("{}={value}", seeded.pick(&names))
        });
    }),
    ("a parameter in other quotes", |message, _, seeded| {
        edit_one(message, seeded, |parameter, seeded| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let bare = value.trim_matches('"');
            let values = [
                bare.to_owned(),
                format!("'{bare}'"),
                format!("\"{bare}"),
                format!("{bare}\""),
                format!("\"{bare}\"\""),
                format!("\"\"{bare}\""),
                format!("\"{bare}\"x"),
                format!(" \"{bare}\""),
                "1".into(),
                "\"\"".into(),
                format!("\"{bare}\\\"\""),
            ];
            format!("{name}={}", seeded.pick(&values))
        });
    }),
    ("other separators", |message, _, seeded| {
        let separator = *seeded.pick(&[";", " ", ",,", ",\t", "\t,", "", "\n", ", ,", "\u{a0},", "&", ",;"]);
        let all = seeded.once_in(2);
        edit_text(message, |text| if all { text.replace(',', separator) } else { text.replacen(',', separator, 1) });
    }),
    ("something round the parameters", |message, _, seeded| {
        let (before, behind) = *seeded.pick(&[
            (",", ""),
            ("", ","),
            ("Signature ", ""),
            ("\"", "\""),
            ("", ";"),
            ("", "\0"),
            ("x", ""),
            ("", " x"),
        ]);
        edit_text(message, |text| format!("{before}{text}{behind}"));
    }),
    ("a character more in the header", |message, _, seeded| {
        let more =
            *seeded.pick(&["\0", "\n", "\r", "\x0b", "\t", "\\", "\u{e9}", "\"", ",", "=", " ", "a", "\u{200b}"]);
        edit_text(message, |text| {
            let at = place(seeded, text.len());
            if text.is_char_boundary(at) { format!("{}{more}{}", &text[..at], &text[at..]) } else { text.to_owned() }
        });
    }),
    ("a character less in the header", |message, _, seeded| {
        edit_text(message, |text| {
            let at = place(seeded, text.len());
            text.char_indices().filter(|(index, _)| *index != at).map(|(_, c)| c).collect()
        });
    }),
    ("a bit of the header", |message, _, seeded| {
        if let Some(value) = value_of(message, "signature").filter(|value| !value.is_empty()) {
            let at = seeded.below(value.len());
            value[at] ^= 1 << seeded.below(8);
        }
    }),
    ("a look-alike in the header", |message, _, seeded| edit_text(message, |text| disguise(text, seeded))),
    ("another algorithm", |message, _, seeded| {
        let names = [
            "rsa-sha512",
            "rsa-sha1",
            "hs2019",
            "hmac-sha256",
            "none",
            "",
            "RSA-SHA256",
            "rsa-sha256 ",
            "ecdsa-sha256",
            "ed25519",
            "r\u{17f}a-sha256",
        ];
        let name = *seeded.pick(&names);
        edit(message, |parameters| {
            parameters.retain(|parameter| !parameter.starts_with("algorithm="));
            parameters.push(format!("algorithm=\"{name}\""));
        });
    }),
    ("another keyId", |message, _, seeded| {
        let long = format!("{}.copernica.com", "a".repeat(64));
        let longer =
            format!("{}.copernica.com", ["a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(60)].join("."));
        let ids = [
            "copernica.com",
            "evilcopernica.com",
            "x.evilcopernica.com",
            "2026-11._domainkey.copernica.com.evil.test",
            "2026-11._domainkey.copernica.com..",
            "2026-11._domainkey..copernica.com",
            ".copernica.com",
            "2026-11%2e_domainkey.copernica.com",
            "https://copernica.com/x",
            "",
            ".",
            "2026-10._domainkey.copernica.com",
            OTHER_KEY_ID,
            KEY_ID,
            "2026-11._domainkey.copernica.com ",
            "2026-11._domainkey.copernica.com/",
            "*.copernica.com",
            "2026-11._domainkey.copernica.com:53",
            &long,
            &longer,
        ];
        let id = (*seeded.pick(&ids)).to_owned();
        edit_parameter(message, "keyId", |_| id);
    }),
    ("a look-alike in the keyId", |message, _, seeded| edit_parameter(message, "keyId", |id| disguise(id, seeded))),
    ("a name less covered", |message, _, seeded| {
        edit_names(message, |names| drop(names.remove(seeded.below(names.len()))));
    }),
    ("a name more covered", |message, _, seeded| {
        let more = *seeded.pick(&[
            "x-absent",
            "(created)",
            "(expires)",
            "(Request-Target)",
            "(request-target)",
            "HOST",
            "date",
            "",
            "x,y",
            "x:y",
            "x\ty",
            "signature",
            "authorization",
            "x-nonce",
            "content-length",
            "content-type",
            "x-a",
            "via",
            "accept",
            "\u{17f}",
            "()",
        ]);
        edit_names(message, |names| {
            let at = place(seeded, names.len());
            names.insert(at, more.into());
        });
    }),
    ("covered names in another order", |message, _, seeded| edit_names(message, |names| seeded.shuffle(names))),
    ("other blanks between covered names", |message, _, seeded| {
        let blank = *seeded.pick(&["  ", "\t", ",", ", ", "", "+", "\u{a0}", ";"]);
        edit_parameter(message, "headers", |names| names.replacen(' ', blank, 1));
    }),
    ("another coverage", |message, _, seeded| {
        let names = *seeded.pick(&[
            "",
            " ",
            "date",
            "(request-target) host date digest",
            "host date x-copernica-id digest",
            "(request-target) host date x-copernica-id digest",
            "digest x-copernica-id date host (request-target)",
        ]);
        edit_parameter(message, "headers", |_| names.into());
    }),
    ("32 or 33 names", |message, _, seeded| {
        let count = *seeded.pick(&[32, 33]);
        edit_names(message, |names| names.extend((names.len()..count).map(|index| format!("x-{index}"))));
        (0..33).for_each(|index| message.headers.push((format!("X-{index}"), b"1".to_vec())));
    }),
    ("another base64 character", |message, _, seeded| {
        edit_parameter(message, "signature", |text| {
            let mut bytes = text.as_bytes().to_vec();
            if !bytes.is_empty() {
                let at = seeded.below(bytes.len());
                bytes[at] = *seeded.pick(b"ABCZabcz0189+/=-_ .");
            }
            String::from_utf8(bytes).unwrap_or_default()
        });
    }),
    ("another spelling of the signature", |message, _, seeded| {
        edit_parameter(message, "signature", |text| {
            let middle = text.len() / 2;
            let middle = if text.is_char_boundary(middle) { middle } else { 0 };
            let spellings = [
                text.replace('+', "-").replace('/', "_"),
                text.trim_end_matches('=').to_owned(),
                format!("{text}="),
                format!("{text}=="),
                with_stray_bits(text),
                format!("{} {}", &text[..middle], &text[middle..]),
                format!("v1={text}"),
                text[..middle].to_owned(),
                text.repeat(2),
                String::new(),
                format!(" {text}"),
                format!("{text}AAAA"),
                format!("AAAA{text}"),
            ];
            seeded.pick(&spellings).clone()
        });
    }),
    ("another number as the signature", |message, _, seeded| {
        let fill = *seeded.pick(&[0, 1, 0xff]);
        let length = *seeded.pick(&[0, 1, 255, 256, 257, 384]);
        edit_parameter(message, "signature", |_| base64(vec![fill; length]));
    }),
    ("signature in Authorization", |message, _, seeded| {
        let value = value_of(message, "signature").cloned().unwrap_or_default();
        let scheme = *seeded.pick(&[
            "Signature ",
            "signature ",
            "SIGNATURE\t",
            "Signature",
            "Signature=",
            "Signature,",
            " Signature ",
        ]);
        message.headers.push(("authorization".into(), [scheme.as_bytes(), &value].concat()));
        if seeded.once_in(2) {
            message.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("signature"));
        }
    }),
    ("17 unknown parameters", |message, _, _| add_unknown(message, 17)),
    ("a header of 8193 bytes", |message, _, _| fill(message, 8_193)),
];

/// A parameter's value, as leniently read as can be.
pub(super) fn parameter(message: &Message, name: &str) -> Option<String> {
    let (_, header) = message.headers.iter().find(|(line, _)| line.eq_ignore_ascii_case("signature"))?;
    let text = str::from_utf8(header).ok()?;
    let behind = text.split_once(&format!("{name}=\""))?.1;
    Some(behind.split('"').next()?.to_owned())
}

/// Takes over a parameter's value.
pub(super) fn take_parameter(message: &mut Message, other: &Message, name: &str) {
    if let Some(theirs) = parameter(other, name) {
        edit_parameter(message, name, |_| theirs);
    }
}

/// Signs a request as it stands there; what was signed. `None` if its `Signature` header has no place for a signature.
pub(super) fn sign(message: &mut Message, key: &'static TestKey) -> Option<Vec<u8>> {
    let covered = parameter(message, "headers")?;
    parameter(message, "signature")?;
    let forge = Forge { message: message.clone(), covered, key_id: String::new(), algorithm: None, key };
    let signing_string = forge.signing_string();
    let signature = base64(key.sign(&signing_string));
    edit_parameter(message, "signature", |_| signature);
    Some(signing_string)
}

/// Changes a parameter's value.
fn edit_parameter(message: &mut Message, name: &str, change: impl FnOnce(&str) -> String) {
    let Some(old) = parameter(message, name) else { return };
    let new = change(&old);
    edit_text(message, |text| text.replacen(&format!("{name}=\"{old}\""), &format!("{name}=\"{new}\""), 1));
}

fn edit_names(message: &mut Message, change: impl FnOnce(&mut Vec<String>)) {
    edit_parameter(message, "headers", |text| {
        let mut names: Vec<_> = text.split(' ').map(str::to_owned).collect();
        change(&mut names);
        names.join(" ")
    });
}

/// Changes one of the parameters, as it is written.
fn edit_one(message: &mut Message, seeded: &mut Seeded, change: impl FnOnce(&str, &mut Seeded) -> String) {
    edit(message, |parameters| {
        let at = seeded.below(parameters.len());
        parameters[at] = change(&parameters[at], seeded);
    });
}

/// Changes the list of parameters; there is at least one.
fn edit(message: &mut Message, change: impl FnOnce(&mut Vec<String>)) {
    edit_text(message, |text| {
        let mut parameters: Vec<_> = text.split(',').map(str::to_owned).collect();
        change(&mut parameters);
        parameters.join(",")
    });
}

fn edit_text(message: &mut Message, change: impl FnOnce(&str) -> String) {
    if let Some(value) = value_of(message, "signature")
        && let Ok(text) = str::from_utf8(value)
    {
        *value = change(text).into_bytes();
    }
}

fn add_unknown(message: &mut Message, count: usize) {
    edit(message, |parameters| parameters.extend((0..count).map(|index| format!("p{index}=1"))));
}

fn fill(message: &mut Message, length: usize) {
    edit_text(message, |text| {
        let missing = length.saturating_sub(text.trim().len() + 8);
        format!("{text},fill=\"{}\"", "x".repeat(missing))
    });
}
