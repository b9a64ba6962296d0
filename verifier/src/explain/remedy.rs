//! What probably happened on the way, and what to tell the server that did it.

use crate::wire::{Excerpt, Transport};

use super::change::{BodyChange, Change, HeaderChange, PolicyChange, TargetChange};

/// What to do about a change, at one server.
///
/// See the example of [`Finding`](super::Finding).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remedy {
    /// Where: the name of a server, or `verifier` for this library.
    pub server: &'static str,
    /// What to do there, in a sentence without a full stop.
    pub text: String,
}

/// What probably happened.
pub(super) fn explanation(change: &Change) -> String {
    match change {
        Change::Method { from, .. } => {
            format!("The request came as {}; a redirect makes a `GET` of a `POST`.", Excerpt::from(from.as_str()))
        }
        Change::Target { how, .. } => target_explanation(how),
        Change::Host { from, .. } => {
            let from = from.as_deref().map_or("nothing".to_owned(), |from| Excerpt::from(from).to_string());
            format!(
                "A proxy in front of this server replaced `Host` by {from}. The sender signed the host that it called."
            )
        }
        Change::Header { name, how, .. } => {
            header_explanation(&format!("`{}`", Excerpt::from(name.as_str()).as_str()), how)
        }
        Change::Transport { .. } => {
            "Only the server that ended TLS knows over what the request came, and the verifier was told otherwise."
                .to_owned()
        }
        Change::Body { how, .. } => body_explanation(how),
        Change::Clock { ahead } => clock_explanation(*ahead),
        Change::Policy(policy) => policy_explanation(policy),
        Change::Key { from, to } => {
            format!(
                "The key `{to}` made the signature, while the request names `{from}`. A publisher that rotates its keys may be half way through."
            )
        }
    }
}

fn target_explanation(how: &TargetChange) -> String {
    let what = match how {
        TargetChange::PrefixAdded { prefix } => {
            format!("added the prefix {} to the path", Excerpt::from(prefix.as_str()))
        }
        TargetChange::PrefixRemoved { prefix } => {
            format!("cut the prefix {} off the path", Excerpt::from(prefix.as_str()))
        }
        TargetChange::SlashAppended => "appended a slash to the path".to_owned(),
        TargetChange::SlashRemoved => "cut the slash at the end of the path off".to_owned(),
        TargetChange::SlashDoubled => "doubled a slash of the path".to_owned(),
        TargetChange::SlashesMerged => "merged two slashes of the path into one".to_owned(),
        TargetChange::Recoded => "decoded the path or the query, or encoded it in another way".to_owned(),
        TargetChange::QueryAdded => "added to the query".to_owned(),
        TargetChange::QueryRemoved => "dropped the query".to_owned(),
        TargetChange::Rewritten => "rewrote the request target".to_owned(),
    };
    format!("A proxy in front of this server {what}. The sender signed the target that it called.")
}

fn header_explanation(name: &str, how: &HeaderChange) -> String {
    match how {
        HeaderChange::Dropped => format!("{name} is covered by the signature, and something on the way dropped it."),
        HeaderChange::Repeated => format!("Something on the way sent {name} on twice."),
        HeaderChange::ValuesAdded => {
            format!("Something on the way added a value to {name}, which the signature covers.")
        }
        HeaderChange::Joined => {
            format!("Something on the way joined several {name} headers, or changed the blanks between values.")
        }
        HeaderChange::ParameterAdded => format!("Something on the way added a parameter to {name}."),
        HeaderChange::ParameterRemoved => format!("Something on the way cut a parameter off {name}."),
        HeaderChange::Recomputed => format!("Something on the way computed {name} anew."),
        HeaderChange::Respelled => format!("Something on the way spelled the value of {name} in another way."),
        HeaderChange::Moved { to } => {
            format!(
                "Something on the way replaced {name} and kept its value in `{}`.",
                Excerpt::from(to.as_str()).as_str()
            )
        }
    }
}

fn body_explanation(how: &BodyChange) -> String {
    let what = match how {
        BodyChange::Compressed { .. } => "It came compressed, and the sender signed it as it was before",
        BodyChange::Reserialised { .. } => {
            "Something parsed the JSON and wrote it anew: the same values in other bytes"
        }
        BodyChange::FormRecoded => "Something parsed the form and wrote it anew: the same values in other bytes",
        BodyChange::LineEnds { .. } => "Something changed the ends of its lines, as an editor or a text-mode copy does",
        BodyChange::ByteOrderMarkAdded => "Something put a byte order mark in front, as some editors do",
        BodyChange::ByteOrderMarkRemoved => "Something cut its byte order mark off, as decoding to text does",
        BodyChange::SpaceAdded => "Something added white space at its ends, as an editor or `echo` does",
        BodyChange::SpaceRemoved => "Something cut the white space at its end off, as trimming does",
        BodyChange::Charset { .. } => "Something decoded it with the wrong character set and encoded it again",
    };
    format!("{what}. The digest is that of the bytes that were sent.")
}

fn clock_explanation(ahead: i64) -> String {
    /// How far from a whole hour a difference still looks like a time zone, in seconds.
    const NEARLY: u64 = 120;
    let seconds = ahead.unsigned_abs();
    let (hours, rest) = (seconds.saturating_add(NEARLY) / 3600, seconds.saturating_add(NEARLY) % 3600);
    let side = if ahead < 0 { "behind" } else { "ahead of" };
    let zone = if (1..=14).contains(&hours) && rest <= 2 * NEARLY {
        let plural = if hours == 1 { "" } else { "s" };
        format!(" That is {hours} hour{plural}: a clock set to local time, or to summer time, looks like this.")
    } else {
        String::new()
    };
    format!(
        "This machine's clock is {seconds} s {side} the request's date. Either the clocks differ, or the request waited \
         in a queue, or it was saved and is judged later than it came in.{zone}"
    )
}

fn policy_explanation(policy: &PolicyChange) -> String {
    match policy {
        PolicyChange::Account(id) => {
            format!("The request is genuine, for account {id}, which is not one that this receiver takes callbacks of.")
        }
        PolicyChange::Host(host) => {
            format!(
                "The request is genuine, for the host {}, which is not one that this receiver is called by.",
                Excerpt::from(host.as_str())
            )
        }
        PolicyChange::EnvironmentIds(id) => {
            format!(
                "The request is genuine, for environment {id} of the sister product, whose numbers may be somebody else's."
            )
        }
        PolicyChange::Hs2019 => {
            "The sender leaves the algorithm to the key; the signature is RSA with SHA-256.".to_owned()
        }
        PolicyChange::MissingComma => "The sample in the platform's documentation lacks a comma too.".to_owned(),
        PolicyChange::TestingKeys => "The key's owner says in its record that he is testing.".to_owned(),
        PolicyChange::MinKeyBits(bits) => format!("The key has {bits} bits. Keys under 2048 bits are weak."),
        PolicyChange::MaxBody(_) => "The body is longer than this receiver takes.".to_owned(),
    }
}

/// What to do about it.
pub(super) fn remedies(change: &Change) -> Vec<Remedy> {
    let mut found = Vec::new();
    let mut add = |server, text: &str| found.push(Remedy { server, text: text.to_owned() });
    match change {
        Change::Method { .. } => add("sender", "call the address that the redirect leads to"),
        Change::Target { how, .. } => target_remedies(how, &mut add),
        Change::Host { to, .. } => {
            add("nginx", "`proxy_set_header Host $http_host;`");
            add("Apache", "`ProxyPreserveHost On`");
            add("Caddy", "passes `Host` on unless `header_up Host` is set: remove that");
            add(
                "AWS ALB",
                "passes `Host` on unless a rule changes it; with API Gateway in front, map the original host back",
            );
            add(
                "verifier",
                &format!(
                    "name the host that the sender calls, `.host(\"{}\")`, and have the proxy pass it on",
                    Excerpt::from(to.as_str()).as_str()
                ),
            );
        }
        Change::Header { name, how, .. } => header_remedies(name, how, &mut add),
        Change::Transport { to: Transport::Https } => {
            add(
                "verifier",
                "state the transport where the server ends TLS: `RequestHead::with_transport(Transport::Https)`",
            );
        }
        Change::Transport { .. } => add("verifier", "name the host with the port that the sender calls"),
        Change::Body { how, .. } => body_remedies(how, &mut add),
        Change::Clock { .. } => {
            add("this machine", "`timedatectl` or `chronyc tracking` shows whether its clock is right");
            add("verifier", "judge a saved request by the time at which it came in");
        }
        Change::Policy(policy) => policy_remedies(policy, &mut add),
        Change::Key { .. } => add("sender", "sign with the key that `keyId` names"),
    }
    found
}

fn target_remedies(how: &TargetChange, add: &mut impl FnMut(&'static str, &str)) {
    let rewriting = |add: &mut dyn FnMut(&'static str, &str)| {
        add("nginx", "`proxy_pass http://upstream;` without a path passes the target on as it came");
        add("Apache", "`AllowEncodedSlashes NoDecode` and `ProxyPass ... nocanon` pass the target on as it came");
        add("Caddy", "no `uri` or `rewrite` in front of `reverse_proxy`");
    };
    match how {
        TargetChange::PrefixAdded { prefix } => {
            add("nginx", "`proxy_pass http://upstream;` without a path");
            add("Apache", "the same path on both sides of `ProxyPass`");
            add("Caddy", "no `rewrite` in front of `reverse_proxy`");
            add("AWS ALB", "no URL rewrite in the listener's rule");
            add("verifier", &format!("`.strip_prefix(\"{}\")`", Excerpt::from(prefix.as_str()).as_str()));
        }
        TargetChange::PrefixRemoved { prefix } => {
            add("nginx", "`proxy_pass http://upstream;` without a path, not even a slash");
            add("Apache", "the same path on both sides of `ProxyPass`");
            add("Caddy", "`handle` in place of `handle_path`");
            add("AWS ALB", "no URL rewrite in the listener's rule");
            add("Starlette", "verify in front of `Mount`, or with `scope[\"root_path\"]` put before the path");
            add("Express", "`req.originalUrl` in place of `req.url`");
            add("verifier", &format!("`.add_prefix(\"{}\")`", Excerpt::from(prefix.as_str()).as_str()));
        }
        TargetChange::SlashAppended | TargetChange::SlashRemoved => {
            rewriting(add);
            add("Starlette", "`redirect_slashes=False`, and a route as the sender calls it");
            add("Express", "verify `req.originalUrl`");
        }
        TargetChange::SlashDoubled => {
            add("nginx", "no slash at the end of `proxy_pass http://upstream/...;` where the location has none");
            add("Apache", "a slash at the end of both sides of `ProxyPass`, or of neither");
        }
        TargetChange::SlashesMerged => {
            add("nginx", "`proxy_pass http://upstream;` without a path, or `merge_slashes off;`");
            add("Apache", "`MergeSlashes Off`");
        }
        TargetChange::Recoded => {
            rewriting(add);
            add("Starlette", "`scope[\"raw_path\"]` in place of `scope[\"path\"]`, which is decoded");
            add("Express", "`req.originalUrl`, not a URL that was parsed and put together again");
        }
        TargetChange::QueryAdded | TargetChange::QueryRemoved => {
            rewriting(add);
            add("nginx", "`rewrite ... ?` drops the query, and `$uri` has none: use `$request_uri`");
            add("Starlette", "path and query: `scope[\"raw_path\"]` and `scope[\"query_string\"]`");
            add("Express", "`req.originalUrl` in place of `req.path`, which has no query");
        }
        TargetChange::Rewritten => {
            rewriting(add);
            add("Express", "`req.originalUrl` in place of `req.url`");
        }
    }
}

fn header_remedies(name: &str, how: &HeaderChange, add: &mut impl FnMut(&'static str, &str)) {
    let name = Excerpt::from(name);
    let name = name.as_str();
    match (name, how) {
        ("content-length", _) => {
            add("nginx", "`proxy_request_buffering on;`, so that the length is passed on and the body is not chunked");
            add("Apache", "`SetEnv proxy-sendcl 1`");
            add("Caddy", "`request_buffers` in `reverse_proxy`");
            add("verifier", "hand over the head as it came in, before anything decodes the body");
        }
        ("date", HeaderChange::Recomputed) => add("proxy", "pass `Date` on as it came"),
        ("content-type", _) => {
            add("verifier", "verify in front of whatever sets a default character set");
            add("proxy", "pass `Content-Type` on as it came");
        }
        (_, HeaderChange::Moved { to }) => {
            let text = format!(
                "map `{}` back to `{name}`, or pass the request on unchanged",
                Excerpt::from(to.as_str()).as_str()
            );
            add("AWS API Gateway", &text);
        }
        (_, HeaderChange::Dropped) => {
            add("nginx", &format!("no `proxy_set_header {name} \"\";`"));
            add("Apache", &format!("no `RequestHeader unset {name}`"));
            add("Caddy", &format!("no `header_up -{name}`"));
        }
        (_, HeaderChange::Repeated | HeaderChange::ValuesAdded) => {
            add("Apache", &format!("`RequestHeader set` in place of `RequestHeader add`, and for `{name}` neither"));
            add("Caddy", &format!("no `header_up +{name}`"));
        }
        _ => add("proxy", &format!("pass `{name}` on as it came")),
    }
}

fn body_remedies(how: &BodyChange, add: &mut impl FnMut(&'static str, &str)) {
    if let BodyChange::Compressed { .. } = how {
        add("proxy", "pass the body on as it came, not compressed");
        return;
    }
    if let BodyChange::LineEnds { .. } | BodyChange::SpaceAdded | BodyChange::ByteOrderMarkAdded = how {
        add("saved request", "save the bytes as they came over the wire; editors change them");
    }
    add("Express", "`express.raw({ type: \"*/*\" })` on this route, in front of `express.json()`");
    add("Starlette", "`await request.body()` in place of `await request.json()`");
    add("verifier", "hand over the bytes of the body as they came in");
}

fn policy_remedies(policy: &PolicyChange, add: &mut impl FnMut(&'static str, &str)) {
    let text = match policy {
        PolicyChange::Account(id) => format!("only if that account is yours: `.account({id})`"),
        PolicyChange::Host(host) => {
            format!("only if the publisher calls you by that name: `.host(\"{}\")`", Excerpt::from(host.as_str()).as_str())
        }
        PolicyChange::EnvironmentIds(_) => {
            "only if that environment is yours: `.environment_ids(EnvironmentIds::Accept)`, and its number as an account".to_owned()
        }
        PolicyChange::Hs2019 => "`.hs2019(Hs2019::AcceptAsRsaSha256)`".to_owned(),
        PolicyChange::MissingComma => "`.missing_comma(MissingComma::Accept)`".to_owned(),
        PolicyChange::TestingKeys => "not in production: `.testing_keys(TestingKeys::Accept)`".to_owned(),
        PolicyChange::MinKeyBits(bits) => format!("at your own risk: `.min_key_bits({bits})`"),
        PolicyChange::MaxBody(bytes) => format!("`.max_body({bytes})`"),
    };
    add("verifier", &text);
}
