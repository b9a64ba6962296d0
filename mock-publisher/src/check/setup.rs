//! How the receiver under test is to be set up, and what is wrong with one that takes nothing.

use std::net::SocketAddr;

use super::expected::Exceptions;
use super::report::{Found, Verdict};
use super::vector::{Expect, Level};
use super::{Check, FirstLook};
use crate::send::{RawAnswer, SendError};

/// What the first look says.
pub(super) enum Diagnosis {
    GoOn,
    Warn(String),
    Stop(String),
}

/// In two lines.
pub(super) fn summary(check: &Check, dns: SocketAddr) -> String {
    format!(
        "receiver   {}   must know account {}, host {}\ndns        {dns}   keys below {}; `--setup` tells how to let a receiver ask there",
        check.url,
        check.account,
        check.host(),
        check.zone.as_str(),
    )
}

/// At length, to be pasted.
pub(super) fn guide(check: &Check, dns: SocketAddr) -> String {
    let (account, host, zone) = (check.account, check.host(), check.zone.as_str());
    let (ip, port) = (dns.ip(), dns.port());
    let zones = zones(zone);
    let all = |before: &str, between: &str| {
        zones.iter().map(|zone| format!("{before}{zone}")).collect::<Vec<_>>().join(between)
    };
    let (routed, listed, insecure) = (all("~", " "), all("", "/"), all("domain-insecure: ", " "));
    let standard = SocketAddr::new(ip, 53);
    let forward = zones
        .iter()
        .map(|zone| format!("                     forward-zone: name: \"{zone}\" forward-addr: {ip}@{port}"));
    let forward = forward.collect::<Vec<_>>().join("\n");
    format!(
        "The receiver must expect

  account      {account}
  host         {host}
  keys below   {zone}
  from DNS at  {dns} (UDP and TCP), for as long as the check runs

Rust, callback-verifier
  Verifier::builder({account}).host(\"{host}\").zone(\"{zone}\")
      .keys(DnsKeys::with_name_servers(&[\"{dns}\".parse()?])?)

Python, dnspython
  resolver = dns.resolver.Resolver(configure=False)
  resolver.nameservers, resolver.port = [\"{ip}\"], {port}

Node.js
  const resolver = new dns.promises.Resolver(); resolver.setServers([\"{dns}\"])

Go
  net.Resolver{{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {{
      return (&net.Dialer{{}}).DialContext(ctx, network, \"{dns}\") }}}}

A receiver that only knows the system's resolver: let that one ask here, for the zones of attackers as well (whoever looks their names up
elsewhere finds nothing, which proves nothing), and keep nothing (keys are replaced and revoked within a second).
  systemd-resolved   a file below /etc/systemd/resolved.conf.d, and `systemctl restart systemd-resolved`:
                     [Resolve]
                     DNS={dns}
                     Domains={routed}
                     Cache=no
  dnsmasq            server=/{listed}/{ip}#{port}
                     cache-size=0
  unbound            server: do-not-query-localhost: no cache-max-ttl: 0 {insecure}
{forward}
  /etc/resolv.conf   nameserver {ip}, with `--dns {standard}`, which needs the right to use that port

These key pairs come with the program: everybody has them. Undo this afterwards, and never pin one of these keys."
    )
}

/// Where the keys are: those of the platform, and those of attackers who are tried.
fn zones(zone: &str) -> [String; 4] {
    [zone.to_owned(), format!("evil{zone}"), format!("_domainkey-{zone}"), "example".to_owned()]
}

/// What an honest callback and one that nobody signed came to.
pub(super) fn diagnosis(check: &Check, look: &FirstLook, dns: SocketAddr) -> Diagnosis {
    let is_taken =
        |answer: &Result<RawAnswer, SendError>| answer.as_ref().is_ok_and(|answer| answer.status.is_success());
    match (is_taken(&look.honest), is_taken(&look.unsigned)) {
        (true, false) => Diagnosis::GoOn,
        (true, true) => Diagnosis::Warn(
            "It ACCEPTS EVERYTHING: an honest callback, and one that nobody signed. It verifies nothing, or answers before it does.".to_owned(),
        ),
        (false, true) => Diagnosis::Stop(format!(
            "It TAKES WHAT NOBODY SIGNED, and not an honest callback: {}. Nothing else was checked.",
            told(&look.honest)
        )),
        (false, false) => Diagnosis::Stop(refusal(check, look, dns)),
    }
}

/// What it refuses proves little if it refuses much that is honest, and nobody knows why: attacks may have been refused for the same
/// reason.
pub(super) fn refuses_much(found: &[Found], exceptions: &Exceptions) -> Option<String> {
    let is_judged = |found: &&Found| {
        found.level == Level::Must
            && found.expected == Expect::Accept
            && found.verdict != Verdict::Skipped
            && exceptions.iter().all(|(id, _)| id != found.id)
    };
    let honest: Vec<&Found> = found.iter().filter(is_judged).collect();
    let refused = honest.iter().filter(|found| found.verdict != Verdict::Pass).count();
    (honest.len() >= MANY && refused * 3 > honest.len()).then(|| {
        format!(
            "It REFUSES {refused} of {} honest callbacks: attacks may have been refused for the same reason, and not for what is wrong \
             about them. Look at what `accepts` tells first.",
            honest.len()
        )
    })
}

/// Fewer honest callbacks are no reason to say more about all that was tried.
const MANY: usize = 10;

fn told(answer: &Result<RawAnswer, SendError>) -> String {
    match answer {
        Ok(answer) => format!("it answers {}", answer.status.as_u16()),
        Err(error) => error.to_string(),
    }
}

fn refusal(check: &Check, look: &FirstLook, dns: SocketAddr) -> String {
    let status = match &look.honest {
        Ok(answer) => answer.status,
        Err(error @ SendError::TimeoutResponse(_)) => {
            return format!("It DOES NOT ANSWER: {error}; `--timeout` gives it longer. Nothing was checked.");
        }
        Err(error) => return format!("It CANNOT BE CALLED: {error}. Nothing was checked."),
    };
    let key = format!("check._domainkey.{}", check.zone.as_str());
    let reason = if status.is_redirection() {
        "It redirects, which no publisher follows: check the URL that it redirects to.".to_owned()
    } else if status.as_u16() == 404 || status.as_u16() == 405 {
        "There is nothing that takes a POST at this path.".to_owned()
    } else if status.is_server_error() {
        "That is an error of its own: its log says what went wrong.".to_owned()
    } else if look.asked == 0 {
        format!(
            "It has NOT ASKED for the key `{key}` here, at {dns}: either it asks elsewhere, or it refuses before that, for its account, its host \
             or its clock.\n\n{}",
            guide(check, dns)
        )
    } else {
        format!(
            "It has asked for the key `{key}` here, so look at the rest: does it expect account {}, and host {}? Is its clock right? What does its \
             log say? (`callback-verifier explain` tells of a saved request what is wrong with it; `mock-publisher send {} --print` makes one.)",
            check.account,
            check.host(),
            check.url,
        )
    };
    format!(
        "It REFUSES EVERYTHING, an honest callback included: it answers {}. Whatever it refuses now proves nothing, so nothing else was checked.\n{reason}",
        status.as_u16()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::suite;
    use super::super::template::{Variables, filled};
    use super::*;

    struct Names;

    impl Variables for Names {
        fn get(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
            Some(if name == "zone" { "copernica.com" } else { "run" }.into())
        }
    }

    #[test]
    fn the_zones_of_all_keys_are_told() {
        let keys: BTreeMap<_, _> = suite::keys().unwrap();
        for key in keys.values() {
            let name = filled(&key.name, &Names).unwrap();
            let is_below = |zone: &String| name == *zone || name.ends_with(&format!(".{zone}"));
            assert!(zones("copernica.com").iter().any(is_below), "{name}");
        }
    }
}
