use serde_json::json;

use crate::name_server::{self, Answer, NO_SUCH_NAME, SERVER_FAILURE};
use crate::signed::{BODY, Callback, PUBLIC_KEY, record, replaced};
use crate::{Run, run};

/// The flags of a receiver that takes these callbacks two seconds after they are signed, with a pinned key.
pub(crate) const FLAGS: [&str; 9] = [
    "explain",
    "--account",
    "1234",
    "--host",
    "hooks.example.com",
    "--now",
    "Mon, 23 Nov 2026 08:15:02 GMT",
    "--key",
    PUBLIC_KEY,
];

pub(crate) fn explain(request: &[u8], flags: &[&str]) -> Run {
    run(&[&FLAGS, flags].concat(), request)
}

/// The same with keys from DNS.
pub(crate) fn explain_by_dns(request: &[u8], name_server: &str, flags: &[&str]) -> Run {
    run(&[&FLAGS[..7], &["--nameserver", name_server], flags].concat(), request)
}

/// The whole of standard output. `BLESS=1` writes what is printed, to be read before it is committed.
#[track_caller]
fn assert_prints(run: &Run, file: &str) {
    let path = format!("{}/tests/program/explained/{file}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &run.stdout).unwrap();
    }
    assert_eq!(run.stdout, std::fs::read_to_string(&path).unwrap(), "{path}");
}

fn mangled(old: &str, new: &str) -> Vec<u8> {
    replaced(&Callback::new().sign(), old, new)
}

#[test]
fn a_verified_request_shows_every_step() {
    let published = name_server::start(Answer::Records(vec![record()]));
    let run = explain_by_dns(&Callback::new().sign(), &published, &[]).expect(0);
    assert_eq!(run.stderr, "");
    assert_prints(&run, "verified");
}

#[test]
fn a_refused_request_shows_what_would_have_made_it_pass() {
    for (request, flags, file) in [
        (mangled("/hook?x=1", "/internal/hook?x=1"), &[][..], "prefix"),
        (mangled("hooks.example.com\r\n", "127.0.0.1:8080\r\n"), &[], "host"),
        (
            mangled("Content-Type: application/json", "Content-Type: application/json; charset=utf-8"),
            &[],
            "content_type",
        ),
        (Callback::new().with("X-Copernica-ID", "account_99").sign(), &[], "account"),
        (mangled("account_1234", "account_9999"), &[], "tampered"),
        (mangled("n0nce", "other"), &[], "nothing_found"),
        (mangled("X-Nonce", "Y-Nonce"), &[], "header_missing"),
        (mangled("Signature: ", "X-Signature: "), &[], "unsigned"),
    ] {
        let run = explain(&request, flags).expect(1);
        assert_eq!(run.stderr, "");
        assert_prints(&run, file);
    }
}

#[test]
fn a_body_that_was_written_anew_is_found() {
    let body = BODY.replace("\":", "\": ").replace(",\"", ", \"");
    let request = mangled(BODY, &body);
    let request =
        replaced(&request, &format!("Content-Length: {}", BODY.len()), &format!("Content-Length: {}", body.len()));
    assert_prints(&explain(&request, &[]).expect(1), "body");
}

#[test]
fn a_saved_request_is_explained_at_any_time() {
    let now = ["--now", "2026-11-23T09:15:00Z"];
    let flags: Vec<&str> = FLAGS.iter().copied().filter(|flag| !FLAGS[5..7].contains(flag)).chain(now).collect();
    assert_prints(&run(&flags, &Callback::new().sign()).expect(1), "clock");
}

#[test]
fn without_a_key_there_is_no_verdict_or_nothing_to_try() {
    let failing = name_server::start(Answer::Code(SERVER_FAILURE));
    let run = explain_by_dns(&Callback::new().sign(), &failing, &[]).expect(3);
    assert!(run.stdout.starts_with("no verdict at step 9 of 12: key_unavailable\n"), "{}", run.stdout);
    let none = name_server::start(Answer::Code(NO_SUCH_NAME));
    assert_prints(&explain_by_dns(&Callback::new().sign(), &none, &[]).expect(1), "key_not_found");
}

#[test]
fn what_the_user_knows_is_tried() {
    let callback = Callback { target: "/internal/hook?x=1", ..Callback::new() };
    let cut = replaced(&callback.sign(), "POST /internal/hook?x=1", "POST /hook?x=1");
    assert!(explain(&cut, &[]).expect(1).stdout.contains("no change was found"));
    for flags in [["--prefix", "/internal"], ["--target", "https://hooks.example.com/internal/hook?x=1"]] {
        let run = explain(&cut, &flags).expect(1);
        assert!(
            run.stdout.contains("would verify if the request target were `/internal/hook?x=1`\n"),
            "{}",
            run.stdout
        );
        assert!(run.stdout.contains("hint: verifier   `.add_prefix(\"/internal\")`\n"), "{}", run.stdout);
    }
}

#[test]
fn an_opt_in_is_named_by_its_flag_and_the_flag_works() {
    let environment = Callback::new().with("X-Copernica-ID", "environment_77").sign();
    for (request, flag) in [
        (mangled("rsa-sha256", "hs2019"), &["--allow-hs2019"][..]),
        (mangled("\",signature=", "\" signature="), &["--allow-missing-comma"]),
        (environment, &["--allow-environment", "--account", "77"]),
        (Callback::new().with("Host", "b.example:81").sign(), &["--host", "b.example:81"]),
    ] {
        let refused = explain(&request, &[]).expect(1).stdout;
        assert!(refused.contains(&format!("this command  `{}`\n", flag.join(" "))), "{refused}");
        explain(&request, flag).expect(0);
    }
}

/// A request as its parts: method and target, header lines, body.
fn parts(request: &[u8]) -> (String, Vec<(String, String)>, String) {
    let text = std::str::from_utf8(request).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap().strip_suffix(" HTTP/1.1").unwrap().to_owned();
    let headers =
        lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned()));
    (first, headers.collect(), body.to_owned())
}

fn har_entry(request: &[u8]) -> serde_json::Value {
    let (first, headers, body) = parts(request);
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| json!({"name": name.to_lowercase(), "value": value})).collect();
    let url = format!("https://hooks.example.com{}", first.strip_prefix("POST ").unwrap());
    json!({"request": {
        "method": "POST", "url": url, "httpVersion": "HTTP/2", "headers": headers, "bodySize": body.len(),
        "postData": {"mimeType": "application/json", "text": body},
    }})
}

#[test]
fn reads_a_har_file() {
    let signed = har_entry(&Callback::new().sign());
    let plain = json!({"request": {"method": "GET", "url": "https://hooks.example.com/", "headers": []}});
    let har = |entries: &[&serde_json::Value]| {
        json!({"log": {"version": "1.2", "entries": entries}}).to_string().into_bytes()
    };
    let run = explain(&har(&[&plain, &signed]), &[]).expect(0);
    assert!(run.stderr.contains("note: request 2 of 2 was taken"), "{}", run.stderr);
    assert!(run.stderr.contains("note: a HAR file holds the body as text"), "{}", run.stderr);
    let several = explain(&har(&[&signed, &plain, &signed]), &[]).expect(2);
    assert!(several.stdout.is_empty() && several.stderr.contains("    2  GET /\n"), "{}", several.stderr);
    explain(&har(&[&signed, &plain, &signed]), &["--entry", "3"]).expect(0);
    explain(&har(&[&signed, &plain, &signed]), &["--entry", "4"]).expect(2);
}

#[test]
fn reads_what_curl_prints() {
    let (first, headers, body) = parts(&Callback::new().sign());
    let lines: String = headers.iter().map(|(name, value)| format!("> {name}: {value}\n")).collect();
    let verbose = format!("*   Trying 127.0.0.1:443...\n> {first} HTTP/2\n{lines}> \n< HTTP/2 401 \n< \n");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, body.as_bytes()).unwrap();
    let run = explain(verbose.as_bytes(), &["--body", file.path().to_str().unwrap()]).expect(0);
    assert_eq!(run.stderr, "");
    let without_body = explain(verbose.as_bytes(), &[]).expect(1);
    assert!(without_body.stdout.contains("content_length_mismatch") && without_body.stderr.contains("--body"));
}

#[test]
fn input_that_is_not_one_request_gets_no_verdict() {
    let delivery =
        json!({"id": 7, "change": 1, "callback": 2, "profile": 3, "url": "http://127.0.0.1/", "state": "failed"});
    for (input, flags, complaint) in [
        (&b""[..], &[][..], "standard input is not one HTTP/1.1 request: it is empty"),
        (b"{}", &[], "standard input is no HAR 1.2 file: missing field `log`"),
        (b"{}", &["--format", "http"], "is not one HTTP/1.1 request"),
        (b"* x\n", &[], "standard input holds no request"),
        (b"> POST / HTTP/1.1\n", &[], "is not what curl prints: no empty line"),
        (delivery.to_string().as_bytes(), &[], "it holds no `request_base64`"),
        (&Callback::new().sign(), &["--entry", "2"], "so `--entry` has no meaning"),
        (&Callback::new().sign(), &["--format", "har"], "is no HAR 1.2 file"),
        (b"> POST / HTTP/2\n>\n", &["--body", "-"], "standard input cannot be both"),
        (b"x", &["--format", "pcap"], "possible values: auto, http, har, curl, delivery"),
    ] {
        let run = explain(input, flags).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains(complaint), "{}", run.stderr);
    }
    assert!(run(&["explain", "--host", "a"], b"").expect(2).stderr.contains("--account"));
}
