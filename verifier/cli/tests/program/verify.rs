use std::process::Stdio;
use std::time::{Instant, SystemTime};

use serde_json::{Value, json};

use crate::name_server::{self, Answer, NO_SUCH_NAME, SERVER_FAILURE};
use crate::signed::{BODY, Callback, KEY_ID, PUBLIC_KEY, SMALL_KEY, digest, record, replaced};
use crate::{Run, program, run};

/// The flags of a receiver that takes these callbacks at the moment at which they are signed, with a pinned key.
const FLAGS: [&str; 9] = [
    "verify",
    "--account",
    "1234",
    "--host",
    "hooks.example.com",
    "--now",
    "Mon, 23 Nov 2026 08:15:00 GMT",
    "--key",
    PUBLIC_KEY,
];

fn verify(request: &[u8], flags: &[&str]) -> Run {
    run(&[&FLAGS, flags].concat(), request)
}

/// The same with keys from DNS.
fn verify_by_dns(request: &[u8], name_server: &str, flags: &[&str]) -> Run {
    run(&[&FLAGS[..7], &["--nameserver", name_server], flags].concat(), request)
}

#[test]
fn verifies_from_standard_input_and_from_a_file() {
    let request = Callback::new().sign();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &request).unwrap();
    let path = file.path().to_str().unwrap();
    for run in [verify(&request, &[]), verify(&request, &["-"]), verify(b"", &[path])] {
        let run = run.expect(0);
        assert_eq!(
            run.stdout,
            format!(
                "verified\n\n\
                 account    account_1234\n\
                 key        {KEY_ID}, RSA-2048\n\
                 date       Mon, 23 Nov 2026 08:15:00 GMT\n\
                 body       {} bytes\n\
                 covered    (request-target): post /hook?x=1\n           \
                            host: hooks.example.com\n           \
                            date: Mon, 23 Nov 2026 08:15:00 GMT\n           \
                            content-length: {0}\n           \
                            content-type: application/json\n           \
                            x-copernica-id: account_1234\n           \
                            digest: {}\n           \
                            x-nonce: n0nce\n",
                BODY.len(),
                digest(BODY.as_bytes())
            )
        );
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn json_has_the_same_keys_whatever_the_verdict() {
    let request = Callback::new().sign();
    let verified = verify(&request, &["--json"]).expect(0).json();
    assert_eq!(
        verified,
        json!({
            "verdict": "verified", "code": null, "step": null, "reason": null, "hint": null,
            "account": "account_1234", "key": KEY_ID, "key_bits": 2048, "date": "Mon, 23 Nov 2026 08:15:00 GMT",
            "covered": {
                "(request-target)": "post /hook?x=1", "host": "hooks.example.com",
                "date": "Mon, 23 Nov 2026 08:15:00 GMT", "content-length": BODY.len().to_string(),
                "content-type": "application/json", "x-copernica-id": "account_1234",
                "digest": digest(BODY.as_bytes()), "x-nonce": "n0nce",
            },
            "body_bytes": BODY.len(),
        })
    );
    let refused = verify(&replaced(&request, "Mike", "Eve!"), &["--json"]).expect(1).json();
    assert_eq!(
        refused,
        json!({
            "verdict": "refused", "code": "digest_mismatch", "step": 11,
            "reason": "the body does not have the SHA-256 digest that was signed",
            "hint": "verify the raw bytes of the body, before anything decodes, decompresses or re-serialises them",
            "account": null, "key": null, "key_bits": null, "date": null, "covered": null, "body_bytes": null,
        })
    );
    let temporary = verify_by_dns(&request, &name_server::closed_port(), &["--json"]).expect(3).json();
    assert_eq!(temporary["verdict"], "temporary");
    let keys = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((keys(&refused), keys(&temporary)), (keys(&verified), keys(&verified)));
}

#[test]
fn a_refusal_says_where_why_and_what_to_look_at() {
    let request = replaced(&Callback::new().sign(), "/hook?x=1", "/hook?x=2");
    assert_eq!(
        verify(&request, &[]).expect(1).stdout,
        "refused at step 10 of 12: bad_signature\n\
         the signing string was not signed by this key\n\n\
         hint: a proxy may have changed the path, the query, the host or a covered header; or another key signed\n"
    );
}

#[test]
fn refuses_with_the_code_of_the_step() {
    let signed = Callback::new().sign();
    let repeated = |line: &str| replaced(&signed, "X-Nonce:", &format!("{line}\r\nX-Nonce:"));
    let length = format!("Content-Length: {}", BODY.len());
    for (request, flags, code) in [
        (replaced(&signed, "POST ", "PUT "), &[][..], "wrong_method"),
        (replaced(&signed, "Signature: ", "X-Signature: "), &[], "signature_missing"),
        (repeated("Signature: x"), &[], "signature_repeated"),
        (replaced(&signed, "rsa-sha256", "hmac-sha256"), &[], "algorithm_unsupported"),
        (replaced(&signed, "rsa-sha256", "hs2019"), &[], "algorithm_unsupported"),
        (replaced(&signed, " digest x-nonce", " x-nonce"), &[], "coverage_missing"),
        (repeated("Host: hooks.example.com"), &[], "header_repeated"),
        (repeated(&length), &[], "header_repeated"),
        (replaced(&signed, "POST /hook", "POST http://hooks.example.com/hook"), &[], "target_malformed"),
        (signed.clone(), &["--now", "2026-11-23T08:20:01Z"], "date_too_old"),
        (signed.clone(), &["--now", "2026-11-23T08:15:09Z", "--max-age", "8"], "date_too_old"),
        (signed.clone(), &["--now", "2026-11-23T08:13:59Z"], "date_in_future"),
        (Callback::new().with("Host", "hooks.example.com:8080").sign(), &[], "wrong_host"),
        (Callback::new().with("X-Copernica-ID", "account_12345").sign(), &[], "wrong_account"),
        (Callback::new().with("X-Copernica-ID", "environment_1234").sign(), &[], "wrong_account"),
        (Callback { key_id: "a.copernica.com.evil.test", ..Callback::new() }.sign(), &[], "foreign_key"),
        (signed.clone(), &["--zone", "example.org"], "foreign_key"),
    ] {
        let run = run(&[&without_now(flags), flags, &["--json"]].concat(), &request).expect(1);
        assert_eq!(run.json()["code"], code, "{}", run.stdout);
    }
}

/// The usual flags, without `--now` if it is given anyway.
fn without_now<'a>(flags: &[&str]) -> Vec<&'a str> {
    let usual = FLAGS.iter().copied();
    if flags.contains(&"--now") { usual.filter(|flag| !FLAGS[5..7].contains(flag)).collect() } else { usual.collect() }
}

#[test]
fn an_opt_in_allows_what_its_hint_names() {
    let signed = Callback::new().sign();
    let with_hs2019 = replaced(&signed, "rsa-sha256", "hs2019");
    let without_comma = replaced(&signed, "\",signature=", "\" signature=");
    let environment = Callback::new().with("X-Copernica-ID", "environment_1234").sign();
    let elsewhere = Callback { key_id: "k.mail.example.org", ..Callback::new() }.sign();
    for (request, flags) in [
        (with_hs2019, &["--allow-hs2019"][..]),
        (without_comma, &["--allow-missing-comma"]),
        (environment, &["--allow-environment"]),
        (elsewhere, &["--zone", "example.org"]),
    ] {
        let refused = verify(&request, &[]).expect(1);
        assert!(refused.stdout.contains("hint: ") && refused.stdout.contains(flags[0]), "{}", refused.stdout);
        verify(&request, flags).expect(0);
    }
}

#[test]
fn flags_can_be_repeated() {
    let request = Callback::new().sign();
    let flags = ["--account", "1", "--host", "other.example", "--zone", "example.org", "--zone", "copernica.com"];
    verify(&request, &flags).expect(0);
}

#[test]
fn without_now_it_is_judged_by_the_clock() {
    let flags = without_now(&["--now"]);
    run(&flags, &Callback::dated(SystemTime::now()).sign()).expect(0);
    let run = run(&flags, &Callback::new().sign()).expect(1);
    assert!(run.stdout.contains("--now DATE"), "{}", run.stdout);
}

#[test]
fn decodes_a_chunked_body() {
    let mut callback = Callback::new().without("Content-Length");
    callback.headers.push(("Transfer-Encoding".into(), "chunked".into()));
    callback.covered = "(request-target) host date x-copernica-id digest";
    callback.body = format!("5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", &BODY[..5], BODY.len() - 5, &BODY[5..]).into();
    let run = verify(&callback.sign(), &["--json"]).expect(0);
    assert_eq!(run.json()["body_bytes"], BODY.len());
    // Nothing shows but what is signed.
    assert_eq!(run.json()["covered"].as_object().unwrap().len(), 5);
}

#[test]
fn input_that_is_not_one_request_gets_no_verdict() {
    let signed = Callback::new().sign();
    let longer = [&signed[..], b"\n"].concat();
    let unix = String::from_utf8(signed.clone()).unwrap().replace("\r\n", "\n").into_bytes();
    for (request, complaint) in [
        (&b""[..], "it is empty"),
        (&signed[..signed.len() - 1], "shorter than its `Content-Length`"),
        (&longer, "hint: an editor or `echo` may have added a line end"),
        (&unix, "line 1 ends with a bare line feed"),
        (&replaced(&signed, "HTTP/1.1", "HTTP/1.0"), "the version is `HTTP/1.0`, expected `HTTP/1.1`"),
        (&replaced(&signed, "X-Nonce:", "Content-Length: 1\r\nX-Nonce:"), "two values of `Content-Length`"),
        (&replaced(&signed, "X-Nonce:", "Transfer-Encoding: chunked\r\nX-Nonce:"), "both `Content-Length` and"),
        (BODY.as_bytes(), "malformed request line"),
    ] {
        let run = verify(request, &["--json"]).expect(2);
        assert_eq!(run.stdout, "");
        let head = "error: standard input is not one HTTP/1.1 request: ";
        assert!(run.stderr.starts_with(head) && run.stderr.contains(complaint), "{}", run.stderr);
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let private = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/rsa-2048.pem");
    for path in [missing.to_str().unwrap(), directory.path().to_str().unwrap()] {
        let run = verify(b"", &[path]).expect(2);
        assert!(run.stderr.contains(path), "{}", run.stderr);
    }
    for (key, complaint) in [
        (missing.to_str().unwrap(), "cannot read the key"),
        (private, "hint: `openssl pkey"),
        (concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "not a PEM file"),
    ] {
        let run = run(&[&FLAGS[..8], &[key]].concat(), &Callback::new().sign()).expect(2);
        assert!(run.stderr.contains(key) && run.stderr.contains(complaint), "{}", run.stderr);
    }
}

#[test]
fn a_small_key_needs_an_opt_in() {
    let flags = [&FLAGS[..8], &[SMALL_KEY, "--json"]].concat();
    let request = Callback::new().sign();
    let refused = run(&flags, &request).expect(1).json();
    assert_eq!(
        (&refused["code"], refused["hint"].as_str().unwrap().contains("--min-key-bits 1024")),
        (&json!("key_too_small"), true)
    );
    let other = run(&[&flags[..], &["--min-key-bits", "1024"]].concat(), &request).expect(1).json();
    assert_eq!(other["code"], "bad_signature");
}

#[test]
fn looks_keys_up_in_dns() {
    let request = Callback::new().sign();
    let testing = record().replace("k=rsa", "k=rsa; t=y");
    for (answer, flags, status, code) in [
        (Answer::Records(vec![record()]), &[][..], 0, Value::Null),
        (Answer::Records(vec!["v=spf1 -all".into(), record()]), &[], 0, Value::Null),
        (Answer::Records(vec![testing.clone()]), &[], 1, json!("key_testing")),
        (Answer::Records(vec![testing]), &["--allow-testing-keys"], 0, Value::Null),
        (Answer::Records(vec!["v=DKIM1; p=".into()]), &[], 1, json!("key_revoked")),
        (Answer::Records(vec!["v=spf1 -all".into()]), &[], 1, json!("key_unusable")),
        (Answer::Code(NO_SUCH_NAME), &[], 1, json!("key_not_found")),
        (Answer::Code(SERVER_FAILURE), &[], 3, json!("key_unavailable")),
    ] {
        let address = name_server::start(answer);
        let run = verify_by_dns(&request, &address, &[flags, &["--json"]].concat()).expect(status);
        assert_eq!(run.json()["code"], code);
    }
}

#[test]
fn a_lookup_that_fails_is_temporary_and_soon() {
    let begin = Instant::now();
    let run = verify_by_dns(&Callback::new().sign(), &name_server::closed_port(), &[]).expect(3);
    assert!(run.stdout.starts_with("no verdict at step 9 of 12: key_unavailable\n"), "{}", run.stdout);
    assert!(run.stdout.contains("\n\nhint: ") && run.stdout.contains("--nameserver"), "{}", run.stdout);
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}

#[test]
fn what_can_be_refused_without_a_key_asks_nobody() {
    let stale = ["--max-age", "5", "--nameserver", &name_server::closed_port()];
    let flags = [&FLAGS[..5], &["--now", "2026-11-23T09:15:06+01:00"], &stale].concat();
    run(&flags, &Callback::new().sign()).expect(1);
}

#[test]
fn a_reader_that_has_gone_does_not_change_the_verdict() {
    let request = Callback::new().sign();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &request).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = program().args(FLAGS).arg(file.path()).stdin(Stdio::null()).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
