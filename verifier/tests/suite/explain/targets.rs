use callback_verifier::explain::{Change, Remedy, TargetChange};

use super::{assert_found, explained, explained_with, strict, the_finding};
use crate::support::{Forge, Message};

fn signed_for(target: &str) -> Message {
    Forge::new().target(target).sign()
}

#[test]
fn finds_what_a_proxy_did_to_the_path() {
    for (signed, received, code) in [
        ("/hook?x=1", "/internal/hook?x=1", "target_prefix_added"),
        ("/hook", "/internal/v2/hook", "target_prefix_added"),
        ("/?x=1", "/hook?x=1", "target_prefix_added"),
        ("/hook/", "/hook", "target_slash_removed"),
        ("/hook?x=1", "/hook/?x=1", "target_slash_appended"),
        ("/hook/a", "//hook/a", "target_slash_doubled"),
        ("/hook/a", "http://hooks.example.com/hook/a", "target_rewritten"),
        ("/hook/a", "/hook//a", "target_slash_doubled"),
        ("/hook//a", "/hook/a", "target_slashes_merged"),
        ("/hook?x=1", "/hook?x=1&utm=2", "target_query_added"),
        ("/hook", "/hook?x=1&y=2", "target_query_added"),
        ("/hook?x=1&y=2", "/hook?x=1&z=3&y=2", "target_query_added"),
        ("/hook?y=2", "/hook?x=1&y=2", "target_query_added"),
        ("/hook?", "/hook", "target_query_removed"),
        ("/h%7Ek", "/h~k", "target_recoded"),
        ("/h~k", "/h%7Ek", "target_recoded"),
        ("/a%40b/c", "/a@b/c", "target_recoded"),
        ("/a%2Fb", "/a/b", "target_recoded"),
        ("/a%2fb?c=%2f", "/a%2Fb?c=%2F", "target_recoded"),
        ("/a%20b", "/a%2520b", "target_recoded"),
        ("/a%2520b", "/a%20b", "target_recoded"),
        ("/a?b=c+d", "/a?b=c%20d", "target_recoded"),
        ("/a?b=c%20d", "/a?b=c+d", "target_recoded"),
        ("/a?b=x%3Ay&c=[1]", "/a?b=x:y&c=[1]", "target_recoded"),
        ("/a?b[]=1", "/a?b%5B%5D=1", "target_recoded"),
        ("/a?e=x%40y", "/a?e=x@y", "target_recoded"),
    ] {
        let message = signed_for(signed);
        let text = format!("the request target were `{signed}`");
        assert_found(&message, &explained(&message.clone().target(received)), code, &text);
    }
}

#[test]
fn a_removed_prefix_needs_somebody_who_knows_it() {
    let signed = signed_for("/internal/hook?x=1");
    let received = signed.clone().target("/hook?x=1");
    let nothing = explained(&received);
    assert_eq!(nothing.findings, []);
    assert!(nothing.tried.iter().map(|tried| tried.count).sum::<usize>() > 50, "{:?}", nothing.tried);

    let text = "the request target were `/internal/hook?x=1`";
    for (header, value) in [
        ("X-Forwarded-Prefix", "/internal"),
        ("X-Forwarded-Prefix", "internal/"),
        ("X-Script-Name", "/internal"),
        ("X-Original-URI", "/internal/hook?x=1"),
        ("X-Original-URL", "https://hooks.example.com/internal/hook?x=1"),
        ("X-Rewrite-URL", "/internal/hook"),
        ("X-Forwarded-Uri", "/internal/hook?x=1"),
        ("X-Envoy-Original-Path", "/internal/hook?x=1"),
    ] {
        assert_found(&signed, &explained(&received.clone().add(header, value)), "target_prefix_removed", text);
    }
    let by_prefix = explained_with(&strict(), &received, |hints| hints.prefixes.push("/internal".into()));
    assert_found(&signed, &by_prefix, "target_prefix_removed", text);
    for target in ["/internal/hook?x=1", "https://hooks.example.com/internal/hook?x=1#top", "internal/hook"] {
        let by_target = explained_with(&strict(), &received, |hints| hints.targets.push(target.into()));
        assert_found(&signed, &by_target, "target_prefix_removed", text);
    }
}

#[test]
fn a_dropped_query_needs_somebody_who_knows_it() {
    let signed = signed_for("/hook?list=7&source=crm");
    let received = signed.clone().target("/hook").add("X-Original-URI", "/hook?list=7&source=crm");
    assert_found(
        &signed,
        &explained(&received),
        "target_query_removed",
        "the request target were `/hook?list=7&source=crm`",
    );
    let rewritten = signed.clone().target("/index.php").add("X-Original-URI", "/hook?list=7&source=crm");
    assert_found(
        &signed,
        &explained(&rewritten),
        "target_rewritten",
        "the request target were `/hook?list=7&source=crm`",
    );
}

#[test]
fn the_order_of_a_query_is_part_of_it() {
    assert_eq!(explained(&signed_for("/hook?a=1&b=2").target("/hook?b=2&a=1")).findings, []);
}

#[test]
fn a_prefix_comes_with_the_remedies_of_the_usual_servers() {
    let explanation = explained(&signed_for("/hook").target("/internal/hook"));
    let finding = the_finding(&explanation);
    assert_eq!(
        finding.explanation(),
        "A proxy in front of this server added the prefix `/internal` to the path. The sender signed the target that it called."
    );
    let remedies = finding.remedies();
    let text = |remedy: &Remedy| remedy.text.clone();
    let at = |server: &str| remedies.iter().find(|remedy| remedy.server == server).map(text);
    assert_eq!(at("nginx").as_deref(), Some("`proxy_pass http://upstream;` without a path"));
    assert_eq!(at("verifier").as_deref(), Some("`.strip_prefix(\"/internal\")`"));
    assert!(at("Apache").is_some() && at("Caddy").is_some() && at("AWS ALB").is_some());
    let removed = explained(&signed_for("/internal/hook").target("/hook").add("X-Forwarded-Prefix", "/internal"));
    let remedies = the_finding(&removed).remedies();
    for server in ["nginx", "Apache", "Caddy", "AWS ALB", "Starlette", "Express", "verifier"] {
        assert!(remedies.iter().any(|remedy| remedy.server == server), "{server}");
    }
}

#[cfg(feature = "axum")]
#[test]
fn a_prefix_that_is_to_be_told_to_the_layer_is_one_that_it_takes() {
    let mut told = 0;
    for (signed, received) in [
        ("/hook", "/internal/hook"),
        ("/hook", "/a/b/c/hook"),
        ("/hook", "//hook"),
        ("/hook", "///hook"),
        ("/hook", "/a//hook"),
        ("/hook", "http://hooks.example.com/hook"),
        ("/", "/hook"),
        ("/?x=1", "/hook?x=1"),
        ("/", "/hook/"),
        ("/", "//"),
        ("/a/hook", "/hook"),
        ("/hook", "/"),
    ] {
        let message = signed_for(signed).target(received);
        let explanation =
            explained_with(&strict(), &message, |hints| hints.prefixes = vec!["/a".into(), "/hook".into()]);
        for change in explanation.findings.iter().flat_map(|finding| &finding.changes) {
            let Change::Target { how, .. } = change else { continue };
            let layer = strict().layer();
            let undone = match how {
                TargetChange::PrefixAdded { prefix } => layer.strip_prefix(prefix),
                TargetChange::PrefixRemoved { prefix } => layer.add_prefix(prefix),
                _ => continue,
            };
            assert!(undone.is_ok(), "{signed} received as {received}: {how:?}");
            told += 1;
        }
    }
    assert!(told > 3, "{told}");
}
