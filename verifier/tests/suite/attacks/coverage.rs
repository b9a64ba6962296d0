//! Signatures that do not cover what they must, or not what they seem to.

use callback_verifier::Rejection;
use callback_verifier::wire::{CoveredHeadersError as Malformed, SignatureHeaderError};

use super::Table;
use crate::support::{Forge, date_from_now};

const REQUIRED: [&str; 5] = ["(request-target)", "host", "date", "x-copernica-id", "digest"];

#[test]
fn refuses_what_covers_too_little() {
    let mut table = Table::new("coverage");
    for name in REQUIRED {
        let missing = || Rejection::CoverageMissing { name };
        table.refuse(&format!("without-{name}"), missing(), &Forge::new().not_covering(name).sign());
        table.refuse(&format!("without-{name}-documented"), missing(), &Forge::documented().not_covering(name).sign());
        if name != "(request-target)" {
            let dropped = Forge::new().not_covering(name).without(name).sign();
            table.refuse(&format!("without-{name}-and-its-header"), missing(), &dropped);
        }
    }
    for (name, list) in [("only-date", "date"), ("only-optional", "content-type content-length x-nonce")] {
        let missing = Rejection::CoverageMissing { name: "(request-target)" };
        table.refuse(name, missing, &Forge::new().covering(list).sign());
    }
    let content_digest = Forge::new().not_covering("digest").add("Content-Digest", "sha-256=:AAAA:");
    table.refuse(
        "content-digest-is-no-digest",
        Rejection::CoverageMissing { name: "digest" },
        &content_digest.covering_also("content-digest").sign(),
    );
    let absent = Forge::new().sign();
    let list = format!("headers=\"{}\",", Forge::new().covered);
    let no_headers = Rejection::SignatureMalformed(SignatureHeaderError::Missing { name: "headers" });
    table.refuse("absent", no_headers.clone(), &absent.resign(&list, ""));
    // Absent, the list means `date` alone (draft-cavage-10 section 2.1.3).
    let default = Forge::new().covering("date").sign().resign("headers=\"date\",", "");
    table.refuse("absent-and-signed-so", no_headers, &default);
    table.finish(19);
}

#[test]
fn refuses_lists_that_are_malformed() {
    let mut table = Table::new("coverage-list");
    let all = Forge::new().covered;
    let list_33 = format!("{all}{}", (0..25).map(|index| format!(" x-{index}")).collect::<String>());
    for (name, list, malformed) in [
        ("empty", String::new(), Malformed::Empty),
        ("blank", " ".into(), Malformed::Empty),
        ("blank-before", format!(" {all}"), Malformed::Empty),
        ("blank-behind", format!("{all} "), Malformed::Empty),
        ("two-blanks", all.replacen(' ', "  ", 1), Malformed::Empty),
        ("twice", format!("{all} digest"), Malformed::Duplicate("digest".into())),
        ("twice-in-other-case", format!("{all} Digest"), Malformed::Duplicate("Digest".into())),
        ("target-twice", format!("{all} (request-target)"), Malformed::Duplicate("(request-target)".into())),
        ("created", format!("{all} (created)"), Malformed::PseudoHeader("(created)".into())),
        ("expires", format!("(expires) {all}"), Malformed::PseudoHeader("(expires)".into())),
        ("target-in-other-case", all.replace("(r", "(R"), Malformed::PseudoHeader("(Request-target)".into())),
        ("request-line", format!("{all} request:line"), Malformed::NotAName("request:line".into())),
        ("colon", format!("{all} x:"), Malformed::NotAName("x:".into())),
        ("33-names", list_33, Malformed::TooMany),
    ] {
        table.refuse(name, Rejection::CoverageMalformed(malformed), &Forge::new().covering(&list).sign());
    }
    table.finish(14);
}

#[test]
fn refuses_what_is_covered_but_not_bound() {
    let mut table = Table::new("unbound");
    // Looked up under its mixed-case name, the header is not found, and signed as empty.
    let documented = Forge::documented();
    for name in documented.covered.split(' ').skip(1) {
        let signing_string: Vec<_> = String::from_utf8(documented.signing_string())
            .unwrap()
            .lines()
            .map(|line| match line.split_once(": ") {
                Some((covered, _)) if covered.eq_ignore_ascii_case(name) => format!("{covered}: "),
                _ => line.to_owned(),
            })
            .collect();
        let message = documented.clone().sign_over(signing_string.join("\n").as_bytes());
        table.refuse(&format!("mixed-case-{name}-signed-as-empty"), Rejection::BadSignature, &message);
    }
    let mut names: Vec<_> = documented.covered.split(' ').skip(1).map(str::to_ascii_lowercase).collect();
    names.push("x-anything".into());
    for name in names {
        let absent = match name.as_str() {
            "x-anything" => Forge::new().covering_also(&name),
            _ => Forge::new().without(&name),
        };
        let missing = Rejection::HeaderMissing { name: name.as_str().into() };
        table.refuse(&format!("absent-{name}-signed-as-empty"), missing, &absent.sign());
    }
    table.finish(15);
}

/// Known headers may be found in another way than unknown ones, so each special one is bound like any other.
#[test]
fn binds_headers_that_are_special_elsewhere() {
    let mut table = Table::new("special");
    let named_like_the_target = |target: &str| {
        let forge = Forge::new().add("(request-target)", "post /hooks/profile?list=7&source=crm");
        forge.sign().target(target)
    };
    table.accept("header-named-like-the-target", &named_like_the_target("/hooks/profile?list=7&source=crm"));
    table.refuse("header-instead-of-the-target", Rejection::BadSignature, &named_like_the_target("/other"));
    let authorized = || {
        let forge = Forge::new().add("Authorization", "Basic eDp5").add("AUTHORIZATION", "Bearer z");
        forge.covering_also("authorization").sign()
    };
    table.accept("authorization-twice", &authorized());
    let second_changed = authorized().with(|message| {
        let (_, value) = message.headers.iter_mut().rfind(|(name, _)| name == "AUTHORIZATION").unwrap();
        *value = b"Bearer y".to_vec();
    });
    table.refuse("authorization-second-changed", Rejection::BadSignature, &second_changed);
    let third = authorized().add("Authorization", "Basic eDp5");
    table.refuse("authorization-third-added", Rejection::BadSignature, &third);
    // A signature cannot be part of what it is made over.
    let itself = Forge::new().covering_also("signature").sign();
    table.refuse("signature-over-itself", Rejection::BadSignature, &itself);
    table.finish(6);
}

#[test]
fn refuses_values_that_are_trimmed_of_more_than_blanks_and_tabs() {
    let mut table = Table::new("trimming");
    for (name, byte) in
        [("nul", 0), ("vt", 0x0b), ("ff", 0x0c), ("cr", 0x0d), ("lf", 0x0a), ("fs", 0x1c), ("delete", 0x7f)]
    {
        for header in ["Host", "Date", "X-Copernica-ID", "Digest", "X-Nonce"] {
            let forge = Forge::new();
            let honest = forge.signing_string();
            let spoiled = [&[byte], forge.message.value(header)].concat();
            let refused = || Rejection::ControlCharacter { name: header.to_ascii_lowercase().as_str().into() };
            let trimmed = forge.clone().set(header, spoiled.clone()).sign_over(&honest);
            table.refuse(&format!("{name}-before-{header}-trimmed"), refused(), &trimmed);
            table.refuse(&format!("{name}-before-{header}-signed"), refused(), &forge.set(header, spoiled).sign());
        }
    }
    // Unicode white space is text like any other.
    for (name, blank) in [("no-break-space", "\u{a0}"), ("ideographic-space", "\u{3000}"), ("next-line", "\u{85}")] {
        let forge = Forge::new();
        let honest = forge.signing_string();
        let spoiled = forge.set("X-Nonce", format!("{blank}fsd9f2c07a1e4b86"));
        table.refuse(name, Rejection::BadSignature, &spoiled.sign_over(&honest));
    }
    table.finish(73);
}

#[test]
fn refuses_values_that_forge_lines_of_the_signing_string() {
    let mut table = Table::new("injection");
    let control = |name: &str| Rejection::ControlCharacter { name: name.into() };
    let with_value = |value: &str| Forge::new().add("X-Odd", value).covering_also("x-odd").sign();
    for (name, value) in [
        ("lf", "v\ndigest: sha-256=AAAA"),
        ("cr-lf", "v\r\ndigest: sha-256=AAAA"),
        ("folded", "v\r\n w"),
        ("folded-lf", "v\n\tw"),
        ("bare-cr", "v\rw"),
        ("nul", "v\0w"),
    ] {
        table.refuse(name, control("x-odd"), &with_value(value));
    }
    // The whole rest of an honest signing string, moved into one value.
    let honest = Forge::new();
    let signing_string = String::from_utf8(honest.signing_string()).unwrap();
    let nonce = signing_string.split_once("x-copernica-id: ").unwrap().1.to_owned();
    let swallowed = honest
        .clone()
        .set("X-Copernica-ID", nonce)
        .covering("(request-target) host date content-length content-type x-copernica-id")
        .sign();
    table.refuse("swallowed-lines", Rejection::CoverageMissing { name: "digest" }, &swallowed);
    let nonce_then_digest = format!("n\ndigest: {}", honest.message.text("Digest"));
    let reordered = honest.clone().set("X-Nonce", nonce_then_digest).sign();
    table.refuse("line-inside-nonce", control("x-nonce"), &reordered);
    let target = Forge::new().target("/hook\nhost: hooks.example.com").sign();
    table.refuse("line-inside-target", "target_malformed", &target);
    let authority = Forge::new().without("Host").edit(|message| {
        message.with(|message| message.authority = Some(format!("hooks.example.com\ndate: {}", date_from_now(0))))
    });
    table.refuse("line-inside-authority", control("host"), &authority.sign());
    table.finish(10);
}
