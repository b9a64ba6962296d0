use callback_verifier::Transport;
use callback_verifier::explain::Family;

use super::{assert_found, explained, explained_by, explained_with, signed, strict, the_finding, verifier};
use crate::support::keys::A;
use crate::support::{Forge, HOST, date_from_now};

#[test]
fn finds_the_host_that_was_called() {
    let text = "`Host` were `hooks.example.com`";
    for received in [
        signed().set("Host", "127.0.0.1:8080"),
        signed().set("Host", "app.internal"),
        signed().set("Host", "app.internal").add("X-Forwarded-Host", "hooks.example.com"),
        signed().set("Host", "hooks.example.com:443"),
        signed().set("Host", "hooks.example.com:8080"),
        signed().without("Host"),
        signed().with(|message| message.authority = Some("app.internal".into())),
    ] {
        assert_found(&signed(), &explained(&received), "host", text);
    }
    // A receiver that was told to expect what the proxy writes.
    let expects_both = verifier(&A, |builder| builder.host("app.internal"));
    assert_found(&signed(), &explained_by(&expects_both, &signed().set("Host", "app.internal")), "host", text);
}

#[test]
fn hosts_that_a_sender_names_by_the_thousand_leave_trials_for_everything_else() {
    let signed = Forge::new().set("Content-Type", "application/json; charset=utf-8").sign();
    let received = (0..230).fold(signed.clone().set("Content-Type", "application/json"), |received, line| {
        let hosts: Vec<_> = (0..4).map(|host| format!("host=h{line}-{host}.example")).collect();
        received.add("Forwarded", hosts.join(";"))
    });
    let explanation = explained(&received);
    let hosts = explanation.tried.iter().find(|tried| tried.family == Family::Host).unwrap().count;
    assert!(hosts <= 20, "{hosts}");
    let text = "`content-type` were `application/json; charset=utf-8`";
    assert_found(&signed, &explanation, "header_parameter_removed", text);
}

#[test]
fn finds_the_port_that_a_proxy_cut_off() {
    for (host, received) in [("hooks.example.com:443", HOST), ("hooks.example.com:80", HOST)] {
        let signed = Forge::new().set("Host", host).sign();
        assert_found(
            &signed,
            &explained(&signed.clone().set("Host", received)),
            "host",
            &format!("`Host` were `{host}`"),
        );
    }
    let signed = Forge::new().set("Host", "hooks.example.com:8443").sign();
    let with_port = verifier(&A, |builder| builder.host("hooks.example.com:8443"));
    let received = signed.clone().set("Host", HOST).add("X-Forwarded-Port", "8443");
    assert_found(&signed, &explained_by(&with_port, &received), "host", "`Host` were `hooks.example.com:8443`");
}

#[test]
fn finds_the_host_in_every_header_that_proxies_note_it_in() {
    let signed = Forge::new().set("Host", "other.example").sign();
    let expects_both = verifier(&A, |builder| builder.host("*.example".trim_start_matches("*.")).host("other.example"));
    for (header, value) in [
        ("X-Forwarded-Host", "proxy.example, other.example"),
        ("X-Original-Host", "other.example"),
        ("Forwarded", "for=192.0.2.1;host=\"other.example\";proto=https"),
        ("X-Amzn-Remapped-Host", "other.example"),
    ] {
        let received = signed.clone().set("Host", "hooks.example.com").add(header, value);
        assert_found(&signed, &explained_by(&expects_both, &received), "host", "`Host` were `other.example`");
    }
    let hinted = explained_with(&expects_both, &signed.clone().set("Host", HOST), |hints| {
        hints.hosts.push("other.example".into())
    });
    assert_found(&signed, &hinted, "host", "`Host` were `other.example`");
}

#[test]
fn a_host_that_is_not_expected_needs_two_changes() {
    let received =
        Forge::new().set("Host", "other.example").sign().set("Host", HOST).add("X-Forwarded-Host", "other.example");
    let explanation = explained(&received);
    let finding = the_finding(&explanation);
    assert_eq!(finding.to_string(), "`Host` were `other.example`, and `other.example` were among the expected hosts");
}

#[test]
fn finds_the_header_that_was_changed() {
    let length = signed().body.len().to_string();
    let list = || Forge::new().add("X-List", "one, two").covering_also("x-list").sign();
    let date = |forge: Forge, date: String| forge.sign().set("Date", date);
    for (signed, received, code, text) in [
        (
            signed(),
            signed().set("Content-Type", "application/json; charset=utf-8"),
            "header_parameter_added",
            "`content-type` were `application/json`",
        ),
        (
            Forge::new().set("Content-Type", "application/json;charset=UTF-8").sign(),
            signed_as(&Forge::new().set("Content-Type", "application/json;charset=UTF-8"))
                .set("Content-Type", "application/json"),
            "header_parameter_removed",
            "`content-type` were `application/json;charset=UTF-8`",
        ),
        (
            signed(),
            signed().set("Content-Type", "Application/JSON"),
            "header_respelled",
            "`content-type` were `application/json`",
        ),
        (signed(), signed().without("Content-Type"), "header_dropped", "`content-type` were `application/json`"),
        (signed(), signed().without("Content-Length"), "header_dropped", &format!("`content-length` were `{length}`")),
        (
            signed(),
            signed().set("Content-Length", format!("0{length}")),
            "header_recomputed",
            &format!("`content-length` were `{length}`"),
        ),
        (
            signed(),
            signed().set("X-Copernica-ID", "account-1234"),
            "header_respelled",
            "`x-copernica-id` were `account_1234`",
        ),
        (signed(), signed().without("X-Copernica-ID"), "header_dropped", "`x-copernica-id` were `account_1234`"),
        (signed(), signed().add("X-Nonce", "fsd9f2c07a1e4b86"), "header_repeated", "there were one `x-nonce` header"),
        (signed(), signed().add("Host", HOST), "host", "`Host` were `hooks.example.com`"),
        (
            signed(),
            date(Forge::new(), date_from_now(-1)),
            "header_recomputed",
            "`date` were `Mon, 23 Nov 2026 08:15:00 GMT`",
        ),
        (list(), list().set("X-List", "one,two"), "header_joined", "`x-list` were `one, two`"),
        (list(), list().set("X-List", "one").add("X-List", "two"), "", ""),
        (list(), list().set("X-List", "one, two, three"), "header_values_added", "`x-list` were `one, two`"),
        (list(), list().add("X-List", "three"), "header_values_added", "`x-list` were `one, two`"),
        (list(), list().set("X-List", "zero, one, two"), "header_values_added", "`x-list` were `one, two`"),
        (
            list(),
            list().set("X-List", "ONE").add("X-Original-X-List", "one, two"),
            "header_moved",
            "`x-list` were `one, two`",
        ),
        (
            signed(),
            signed().set("Date", date_from_now(5)).add("x-amzn-Remapped-Date", crate::support::DATE),
            "header_moved",
            "`date` were `Mon, 23 Nov 2026 08:15:00 GMT`",
        ),
    ] {
        let explanation = explained(&received);
        if code.is_empty() {
            // Instances are joined with a comma and a blank, so nothing was changed.
            assert_eq!(explanation.verdict, Ok(()));
            continue;
        }
        assert_found(&signed, &explanation, code, text);
    }
}

fn signed_as(forge: &Forge) -> crate::support::Message {
    forge.clone().sign()
}

#[test]
fn a_signature_that_was_sent_on_twice_is_found() {
    let twice = signed().add("Signature", signed().value("Signature"));
    assert_found(&signed(), &explained(&twice), "header_repeated", "there were one `signature` header");
    let uncovered = Forge::new().not_covering("content-type").sign();
    let twice = uncovered.clone().add("Content-Type", "text/plain");
    assert_eq!(the_finding(&explained(&twice)).changes[0].code(), "header_values_added");
}

#[test]
fn a_digest_that_was_dropped_is_that_of_the_body() {
    let explanation = explained(&signed().without("Digest"));
    let finding = the_finding(&explanation);
    assert_eq!(finding.changes[0].code(), "header_dropped");
    assert!(finding.to_string().starts_with("`digest` were `sha-256="), "{finding}");
}

#[test]
fn a_header_that_nobody_can_restore_is_named() {
    let explanation = explained(&signed().without("X-Nonce"));
    assert_eq!(explanation.findings, []);
    let reason = explanation.verdict.unwrap_err().to_string();
    assert!(reason.contains("x-nonce"), "{reason}");
}

#[test]
fn a_signature_that_was_read_as_a_form_is_repaired() {
    let signed = signed();
    let header = signed.text("Signature").to_owned();
    let (start, signature) = header.split_once("signature=").unwrap();
    assert!(signature.contains('+') && signature.contains("==\""), "{signature}");
    for mangled in
        [signature.replace('+', " "), signature.replace('+', "-").replace('/', "_"), signature.replace("==", "")]
    {
        let explanation = explained(&signed.clone().set("Signature", format!("{start}signature={mangled}")));
        assert_eq!(the_finding(&explanation).changes[0].code(), "header_respelled");
    }
}

#[test]
fn a_redirect_that_made_a_get_of_it_is_found() {
    assert_found(&signed(), &explained(&signed().method("GET")), "method", "the method were `POST`");
}

#[test]
fn a_transport_that_nobody_told_is_found() {
    let https = verifier(&A, |builder| builder.transport(callback_verifier::TransportPolicy::RequireHttps));
    let text = "the verifier knew that the request came over HTTPS";
    assert_found(&signed(), &explained_by(&https, &signed()), "transport", text);
    // Port 443 is no default port of plain HTTP.
    let signed = Forge::new().set("Host", "hooks.example.com:443").sign();
    let received = signed.clone().with(|message| message.transport = Transport::Http);
    let explanation = explained_by(&strict(), &received);
    assert_eq!(explanation.findings[0].to_string(), text);
}

#[test]
fn the_usual_proxy_changes_host_and_path() {
    let received = Forge::new().target("/hook?x=1").sign().target("/internal/hook?x=1").set("Host", "127.0.0.1:8080");
    let explanation = explained(&received);
    let finding = the_finding(&explanation);
    assert_eq!(finding.to_string(), "`Host` were `hooks.example.com`, and the request target were `/hook?x=1`");
    assert_eq!(finding.signing_string, explained(&Forge::new().target("/hook?x=1").sign()).signing_string);
    let expects_both = verifier(&A, |builder| builder.host("127.0.0.1:8080"));
    let explanation = explained_by(&expects_both, &received);
    assert_eq!(the_finding(&explanation).changes.len(), 2);
}
