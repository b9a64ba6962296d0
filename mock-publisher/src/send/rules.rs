use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;

/// Which addresses may be called: loopback and private ones, and the hosts that were allowed by name.
///
/// A mock must not reach production by accident, so the rule is applied to the resolved address, not to the name.
#[derive(Debug, Clone, Default)]
pub(crate) struct TargetRules {
    allowed_hosts: Arc<[String]>,
}

/// An address that may not be called.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{host}` is neither on this machine nor on a private network; allow it with `--allow-target {host}`")]
pub(crate) struct TargetRefused {
    host: String,
}

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotResolved(io::Error);

impl TargetRules {
    pub(crate) fn allowing(hosts: &[String]) -> Self {
        Self { allowed_hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect() }
    }

    /// Applies the rule to a host that is an address; one that is a name is judged once it is resolved.
    pub(super) fn check_literal(&self, host: &str) -> Result<(), TargetRefused> {
        match host.parse() {
            Ok(address) if !self.allows(host, address) => Err(TargetRefused { host: host.to_owned() }),
            _ => Ok(()),
        }
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        is_near(address) || self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

/// Loopback (127.0.0.0/8, ::1) and private networks (RFC 1918, RFC 4193).
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// The system's resolver, with the rules applied to what it finds.
#[derive(Debug, Clone)]
pub(crate) struct RuledResolver {
    rules: TargetRules,
}

impl RuledResolver {
    pub(super) fn new(rules: TargetRules) -> Self {
        Self { rules }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl tower_service::Service<Name> for RuledResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let rules = self.rules.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found = tokio::net::lookup_host((host, 0)).await.map_err(NotResolved)?;
            let allowed: Vec<_> = found.filter(|address| rules.allows(host, address.ip())).collect();
            if allowed.is_empty() {
                return Err(TargetRefused { host: host.to_owned() }.into());
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_addresses_may_be_called() {
        let rules = TargetRules::allowing(&["203.0.113.9".to_owned()]);
        for near in ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "::1", "fd00::1", "203.0.113.9"]
        {
            assert!(rules.check_literal(near).is_ok(), "{near}");
        }
        for far in
            ["203.0.113.8", "0.0.0.0", "169.254.169.254", "172.32.0.1", "::", "2001:db8::1", "::ffff:203.0.113.8"]
        {
            assert!(rules.check_literal(far).is_err(), "{far}");
        }
        assert!(rules.check_literal("example.com").is_ok(), "a name is judged once it is resolved");
    }
}
