//! Callbacks that were made for another place or another tenant, or that leave open for which.

use callback_verifier::wire::AccountError;
use callback_verifier::{EnvironmentIds, Rejection, Transport, TransportPolicy};

use super::Table;
use crate::support::{DATE, Forge, HOST, Message, Receiver};

#[test]
fn refuses_another_target_or_method() {
    let mut table = Table::new("place");
    let signed = || Forge::new().sign();
    for (name, target) in [
        ("other-path", "/hooks/subprofile?list=7&source=crm"),
        ("path-in-other-case", "/Hooks/profile?list=7&source=crm"),
        ("path-encoded", "/hooks/%70rofile?list=7&source=crm"),
        ("path-with-dots", "/hooks/./profile?list=7&source=crm"),
        ("path-with-double-slash", "/hooks//profile?list=7&source=crm"),
        ("slash-behind", "/hooks/profile/?list=7&source=crm"),
        ("prefix-stripped", "/profile?list=7&source=crm"),
        ("prefix-added", "/app/hooks/profile?list=7&source=crm"),
        ("other-query", "/hooks/profile?list=8&source=crm"),
        ("query-reordered", "/hooks/profile?source=crm&list=7"),
        ("query-stripped", "/hooks/profile"),
        ("query-extended", "/hooks/profile?list=7&source=crm&list=8"),
    ] {
        table.refuse(name, Rejection::BadSignature, &signed().target(target));
    }
    for (name, target) in [
        ("absolute-form", "https://hooks.example.com/hooks/profile?list=7&source=crm"),
        ("absolute-form-other-host", "http://other.example/hooks/profile"),
        ("authority-form", "hooks.example.com:443"),
        ("asterisk-form", "*"),
        ("empty", ""),
        ("relative", "hooks/profile"),
        ("fragment", "/hooks/profile?list=7&source=crm#x"),
        ("blank", "/hooks/pro file"),
        ("control", "/hooks/profile\u{1}"),
        ("tab", "/hooks/profile\t"),
        ("not-ascii", "/hooks/profil\u{e9}"),
    ] {
        let malformed = || Rejection::TargetMalformed { got: target.into() };
        table.refuse(name, malformed(), &signed().target(target));
        table.refuse(&format!("{name}-signed"), malformed(), &Forge::new().target(target).sign());
    }
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "post", "Post", "POST ", "POSTS", ""] {
        let wrong = || Rejection::WrongMethod { got: method.into() };
        table.refuse(&format!("method-`{method}`"), wrong(), &signed().method(method));
        let name = format!("method-`{method}`-signed");
        table.refuse(&name, wrong(), &Forge::new().edit(|message| message.method(method)).sign());
    }
    table.finish(54);
}

#[test]
fn refuses_another_host() {
    let mut table = Table::new("host");
    let wrong = |host: &str| Rejection::WrongHost { got: host.into(), expected: HOST.into() };
    for host in [
        "other.example",
        "example.com",
        "hooks.example.com.evil.test",
        "evil-hooks.example.com",
        "hooks.example.com.",
        "hooks-example.com",
        "h\u{f6}oks.example.com",
        "hooks.example.com/hooks",
        "hooks.example.com?x",
        "https://hooks.example.com",
        "user@hooks.example.com",
        "hooks.example.com:8443",
        "hooks.example.com:0443",
        "hooks.example.com:",
        "hooks.example.com:443:443",
        "hooks.example.com, other.example",
        "[hooks.example.com]",
        "127.0.0.1",
        "",
    ] {
        table.refuse(&format!("`{host}`"), wrong(host), &Forge::new().sign().set("Host", host));
        table.refuse(&format!("`{host}`-signed"), wrong(host), &Forge::new().set("Host", host).sign());
    }
    let two = Receiver::with(|builder| builder.host("other.example:8443"));
    let moved = Forge::new().sign().set("Host", "other.example:8443");
    table.refuse_by(&two, "moved-between-two-expected", Rejection::BadSignature, &moved);
    // The same host, but not the same bytes.
    for host in ["HOOKS.example.com", "hooks.example.com:443"] {
        table.refuse(&format!("respelled-{host}"), Rejection::BadSignature, &Forge::new().sign().set("Host", host));
    }
    let authority = |message: Message, name: &str| message.with(|message| message.authority = Some(name.into()));
    let disagrees = || Rejection::AuthorityDisagrees { authority: "other.example".into(), host: HOST.into() };
    table.refuse("authority-disagrees", disagrees(), &authority(Forge::new().sign(), "other.example"));
    let in_host = Forge::new().sign().set("Host", "other.example");
    let the_other_way = Rejection::AuthorityDisagrees { authority: HOST.into(), host: "other.example".into() };
    table.refuse("host-disagrees", the_other_way, &authority(in_host, HOST));
    let alone = Forge::new().sign().without("Host");
    table.refuse("other-authority-alone", wrong("other.example"), &authority(alone, "other.example"));
    table.finish(44);
}

#[test]
fn refuses_plain_http_where_the_policy_wants_https() {
    let mut table = Table::new("transport");
    let strict = Receiver::with(|builder| builder.transport(TransportPolicy::RequireHttps));
    for transport in [Transport::Http, Transport::Unknown] {
        let message = Forge::new().sign().with(|message| message.transport = transport);
        table.refuse_by(&strict, &format!("{transport:?}"), Rejection::HttpsRequired, &message);
    }
    // Anybody can send this header, so it says nothing.
    let claimed = Forge::new().add("X-Forwarded-Proto", "https").covering_also("x-forwarded-proto").sign();
    table.refuse_by(&strict, "claimed-by-a-header", Rejection::HttpsRequired, &claimed);
    table.finish(3);
}

#[test]
fn refuses_more_header_lines_than_are_read() {
    let mut table = Table::new("header-lines");
    let with = |count: usize| {
        let signed = Forge::new().sign();
        let missing = count - signed.headers.len();
        (0..missing).fold(signed, |message, at| message.add(&format!("X-Filler-{at}"), "x"))
    };
    table.accept("256", &with(256));
    table.refuse("257", Rejection::TooManyHeaders { count: 257 }, &with(257));
    table.refuse("10000", Rejection::TooManyHeaders { count: 10_000 }, &with(10_000));
    table.finish(3);
}

#[test]
fn refuses_another_tenant() {
    let mut table = Table::new("tenant");
    let signed_for = |id: &str| Forge::new().set("X-Copernica-ID", id).sign();
    let wrong = |got: &str| Rejection::WrongAccount { got: got.into(), expected: "account_1234".into() };
    for (id, got) in [
        ("account_1235", "account_1235"),
        ("account-12345", "account_12345"),
        ("account_0", "account_0"),
        ("account_18446744073709551615", "account_18446744073709551615"),
        ("environment_1234", "environment_1234"),
        ("Environment-1234", "environment_1234"),
    ] {
        table.refuse(id, wrong(got), &signed_for(id));
    }
    for id in [
        "account_01234",
        "1234",
        " account_1234x",
        "account_1e0",
        "account_",
        "account",
        "account1234",
        "account_+1234",
        "account_-1234",
        "account__1234",
        "account_ 1234",
        "account_1234,account_1235",
        "account_1234.0",
        "accounts_1234",
        "account_\u{661}",
        "account_0x4d2",
        "account_18446744073709552850",
        "",
    ] {
        let malformed = Rejection::AccountMalformed { got: id.trim().into(), reason: AccountError };
        table.refuse(&format!("`{id}`"), malformed, &signed_for(id));
    }
    let missing = Rejection::HeaderMissing { name: "x-copernica-id".into() };
    table.refuse("missing", missing, &Forge::new().sign().without("X-Copernica-ID"));
    let two = Receiver::with(|builder| builder.account(99));
    let moved = Forge::new().sign().set("X-Copernica-ID", "account_99");
    table.refuse_by(&two, "moved-between-two-expected", Rejection::BadSignature, &moved);
    let environments = Receiver::with(|builder| builder.environment_ids(EnvironmentIds::Accept));
    let other = signed_for("environment_9");
    table.refuse_by(&environments, "other-environment", wrong("environment_9"), &other);
    let respelled = Forge::new().sign().set("X-Copernica-ID", "account-1234");
    table.refuse("respelled", Rejection::BadSignature, &respelled);
    table.finish(28);
}

#[test]
fn refuses_headers_that_leave_open_which_one_counts() {
    let mut table = Table::new("duplicates");
    for (header, name, other) in [
        ("Host", "host", "other.example"),
        ("Date", "date", "Mon, 23 Nov 2026 08:15:01 GMT"),
        ("X-Copernica-ID", "x-copernica-id", "account_1235"),
        ("X-Nonce", "x-nonce", "another"),
        ("Content-Type", "content-type", "text/plain"),
        ("Content-Length", "content-length", "1"),
    ] {
        let repeated = || Rejection::HeaderRepeated { name };
        let upper = header.to_ascii_uppercase();
        table.refuse(&format!("{header}-good-first"), repeated(), &Forge::new().sign().add(header, other));
        table.refuse(&format!("{header}-good-last"), repeated(), &Forge::new().sign().add_first(&upper, other));
        table.refuse(&format!("{header}-signed"), repeated(), &Forge::new().add(header, other).sign());
        let same = Forge::new().message.value(header).to_vec();
        table.refuse(&format!("{header}-equal"), repeated(), &Forge::new().sign().add(header, same));
        table.refuse(&format!("{header}-empty"), repeated(), &Forge::new().sign().add(&upper, ""));
    }
    for (header, name) in
        [("X-Nonce", "x-nonce"), ("Content-Type", "content-type"), ("Content-Length", "content-length")]
    {
        let uncovered = Forge::new().not_covering(name).sign().add(header, "1");
        table.refuse(&format!("{header}-uncovered"), Rejection::HeaderRepeated { name }, &uncovered);
    }
    // A covered header that may come several times is still bound, each instance and their order.
    let traced = || Forge::new().add("X-Trace", "a").add("X-Trace", "b").covering_also("x-trace").sign();
    table.refuse("covered-list-extended", Rejection::BadSignature, &traced().add("X-Trace", "c"));
    table.refuse(
        "covered-list-reordered",
        Rejection::BadSignature,
        &traced().without("X-Trace").add("X-Trace", "b, a"),
    );
    assert_eq!(Forge::new().message.text("Date"), DATE);
    table.finish(35);
}
