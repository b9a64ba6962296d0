//! Requests without a signature that counts, and `Signature` headers that two parsers could read differently.

use callback_verifier::wire::SignatureHeaderError as Malformed;
use callback_verifier::{MissingComma, Rejection};

use super::Table;
use crate::support::{Forge, Message, Receiver};

#[test]
fn refuses_what_carries_no_signature_of_its_own() {
    let mut table = Table::new("unsigned");
    let signed = Forge::new().sign();
    let value = signed.text("Signature").to_owned();
    let unsigned = || signed.clone().without("Signature");
    let empty = Malformed::Syntax { at: 0, expected: "a parameter name" };
    table.refuse("absent", Rejection::SignatureMissing, &unsigned());
    table.refuse("empty", Rejection::SignatureMalformed(empty.clone()), &unsigned().add("Signature", ""));
    table.refuse("blank", Rejection::SignatureMalformed(empty), &unsigned().add("Signature", " \t "));
    let bad = "keyId=\"x.copernica.com\",headers=\"date\",signature=\"AAAA\"";
    table.refuse("two-good-first", Rejection::SignatureRepeated, &signed.clone().add("Signature", bad));
    table.refuse("two-good-last", Rejection::SignatureRepeated, &signed.clone().add_first("signature", bad));
    table.refuse("two-equal", Rejection::SignatureRepeated, &signed.clone().add("SIGNATURE", value.clone()));
    let authorization = Rejection::SignatureInAuthorization;
    table.refuse(
        "in-authorization",
        authorization.clone(),
        &unsigned().add("Authorization", format!("Signature {value}")),
    );
    for (name, credentials) in [
        ("authorization-beside", "Signature keyId=\"x\""),
        ("authorization-lower-case", "signature keyId=\"x\""),
        ("authorization-upper-case", "SIGNATURE\tkeyId=\"x\""),
        ("authorization-bare", "Signature"),
    ] {
        table.refuse(name, authorization.clone(), &signed.clone().add("Authorization", credentials));
    }
    let second = signed.clone().add("Authorization", "Basic eDp5").add("authorization", "Signature keyId=\"x\"");
    table.refuse("authorization-second", authorization, &second);
    table.refuse("trailer-name", Rejection::SignatureMissing, &unsigned().add("Signature-Input", value));
    table.finish(13);
}

#[test]
fn refuses_parameters_that_are_repeated_misspelled_or_missing() {
    parameters(Table::new("parser"));
    parameters(Table::of("parser-without-commas", without_commas()));
}

/// A receiver that reads a `Signature` header without commas. That is the only thing that it reads more of.
fn without_commas() -> Receiver {
    Receiver::with(|builder| builder.missing_comma(MissingComma::Accept))
}

fn parameters(mut table: Table) {
    let signed = Forge::new().sign();
    let malformed = Rejection::SignatureMalformed;
    for name in ["keyId", "algorithm", "headers", "signature"] {
        let duplicate = || malformed(Malformed::Duplicate { name: name.into() });
        let first =
            signed.text("Signature").split(',').find(|parameter| parameter.starts_with(name)).unwrap().to_owned();
        let append = |parameter: &str| signed.clone().resign("keyId", &format!("{parameter},keyId"));
        table.refuse(&format!("{name}-twice"), duplicate(), &append(&first));
        table.refuse(&format!("{name}-twice-other-first"), duplicate(), &append(&format!("{name}=\"date\"")));
        table.refuse(
            &format!("{name}-twice-other-last"),
            duplicate(),
            &signed.clone().set("Signature", format!("{},{name}=\"date\"", signed.text("Signature"))),
        );
        let upper = name.to_ascii_uppercase();
        let spelling = malformed(Malformed::Spelling { name: upper.as_str().into(), expected: name });
        table.refuse(&format!("{name}-upper-case"), spelling, &signed.clone().resign(name, &upper));
        let unquoted = first.replace('"', "");
        table.refuse(&format!("{name}-unquoted"), "signature_malformed", &signed.clone().resign(&first, &unquoted));
        let apostrophes = first.replace('"', "'");
        table.refuse(
            &format!("{name}-apostrophes"),
            "signature_malformed",
            &signed.clone().resign(&first, &apostrophes),
        );
    }
    for name in ["keyId", "headers", "signature"] {
        let kept: Vec<_> = signed.text("Signature").split(',').filter(|part| !part.starts_with(name)).collect();
        let missing = malformed(Malformed::Missing { name });
        table.refuse(&format!("{name}-missing"), missing, &signed.clone().set("Signature", kept.join(",")));
    }
    let unknown_twice = malformed(Malformed::Duplicate { name: "created".into() });
    table.refuse("unknown-twice", unknown_twice, &signed.clone().resign("keyId", "created=1,created=1,keyId"));
    table.finish(28);
}

#[test]
fn refuses_every_other_grammar() {
    let mut table = Table::new("grammar");
    let signed = Forge::new().sign();
    let value = signed.text("Signature").to_owned();
    let length = value.len();
    let syntax = |at, expected| Rejection::SignatureMalformed(Malformed::Syntax { at, expected });
    let carrying = |value: String| signed.clone().set("Signature", value);
    table.refuse("prefixed-name", syntax(3, "`=`"), &carrying(format!("foo-{value}")));
    table.refuse("scheme-in-front", syntax(9, "`=`"), &carrying(format!("Signature {value}")));
    table.refuse("comma-in-front", syntax(0, "a parameter name"), &carrying(format!(",{value}")));
    table.refuse("comma-behind", syntax(length + 1, "a parameter name"), &carrying(format!("{value},")));
    table.refuse("semicolon", syntax(length, "`,`"), &carrying(format!("{value};x=1")));
    table.refuse("text-behind", syntax(length, "`,`"), &carrying(format!("{value}x")));
    table.refuse("no-value", syntax(length + 2, "`=`"), &carrying(format!("{value},x")));
    table.refuse("blank-before-equals", syntax(5, "`=`"), &signed.clone().resign("keyId=", "keyId ="));
    table.refuse("blank-behind-equals", syntax(6, "a quoted value"), &signed.clone().resign("keyId=", "keyId= "));
    table.refuse("unterminated", "signature_malformed", &carrying(value[..length - 1].to_owned()));
    table.refuse("missing-comma", "signature_malformed", &signed.clone().resign("\",signature", "\" signature"));
    table.refuse("missing-comma-glued", "signature_malformed", &signed.clone().resign("\",signature", "\"signature"));
    let lenient = without_commas();
    for (name, between) in
        [("glued", "\"signature"), ("tab-between", "\"\tsignature"), ("semicolon-between", "\";signature")]
    {
        let message = signed.clone().resign("\",signature", between);
        table.refuse_by(&lenient, &format!("{name}-where-commas-may-be-missing"), "signature_malformed", &message);
    }
    table.refuse("colon-for-equals", syntax(5, "`=`"), &signed.clone().resign("keyId=", "keyId:"));
    table.refuse("json", syntax(0, "a parameter name"), &carrying("{\"keyId\":\"x\"}".into()));
    let many: String = (0..17).map(|index| format!(",p{index}=1")).collect();
    let too_many = Rejection::SignatureMalformed(Malformed::TooMany);
    table.refuse("17-unknown-parameters", too_many, &carrying(format!("{value}{many}")));
    let too_long = |length| Rejection::SignatureMalformed(Malformed::TooLong { length });
    let padded = |total: usize| carrying(format!("{value},x=\"{}\"", "x".repeat(total - length - 5)));
    table.accept("8-kibibytes", &padded(8_192));
    table.refuse("8-kibibytes-and-one", too_long(8_193), &padded(8_193));
    table.refuse("one-mebibyte", too_long(1 << 20), &padded(1 << 20));
    let names: String = (0..10_000).map(|index| format!(" h{index}")).collect();
    let covering_many = Forge::new().covering_also(names.trim_start()).carry(&[1; 256]);
    table.refuse("10000-names", "signature_malformed", &covering_many);
    table.finish(22);
}

#[test]
fn refuses_characters_that_no_value_may_hold() {
    characters(Table::new("characters"));
    characters(Table::of("characters-without-commas", without_commas()));
}

fn characters(mut table: Table) {
    let signed = Forge::new().sign();
    for (name, bytes) in [
        ("comma", &b","[..]),
        ("escape", b"\\"),
        ("escaped-quote", b"\\\""),
        ("nul", b"\0"),
        ("lf", b"\n"),
        ("cr", b"\r"),
        ("folded", b"\r\n "),
        ("vt", b"\x0b"),
        ("tab", b"\t"),
        ("delete", b"\x7f"),
        ("full-width", "\u{ff41}".as_bytes()),
    ] {
        for (parameter, before) in
            [("keyId", "keyId=\"2026-11"), ("headers", "headers=\"(request-target)"), ("signature", "signature=\"")]
        {
            let message = inserted(&signed, before, bytes);
            let value = signed.text("Signature");
            let refused = Malformed::Character { at: value.find(before).unwrap() + before.len() };
            table.refuse(&format!("{name}-in-{parameter}"), Rejection::SignatureMalformed(refused), &message);
        }
    }
    table.refuse("quote-in-key-id", "signature_malformed", &inserted(&signed, "keyId=\"2026-11", b"\""));
    table.refuse("not-utf-8", "signature_malformed", &inserted(&signed, "keyId=\"2026-11", b"\xff"));
    table.refuse("tab-between-parameters", "signature_malformed", &inserted(&signed, "copernica.com\",", b"\t"));
    table.refuse("folded-between-parameters", "signature_malformed", &inserted(&signed, "copernica.com\",", b"\r\n "));
    table.finish(37);
}

/// Inserts bytes into the `Signature` header, right behind a part of it.
fn inserted(signed: &Message, behind: &str, bytes: &[u8]) -> Message {
    let value = signed.text("Signature");
    let at = value.find(behind).unwrap() + behind.len();
    let spoiled = [&value.as_bytes()[..at], bytes, &value.as_bytes()[at..]].concat();
    signed.clone().set("Signature", spoiled)
}
