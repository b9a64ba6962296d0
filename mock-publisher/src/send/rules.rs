use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

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
pub(super) struct NotResolved(pub(super) io::Error);

impl TargetRules {
    pub(crate) fn allowing(hosts: &[String]) -> Self {
        Self { allowed_hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect() }
    }

    /// The addresses of a host that may be called: at least one.
    pub(super) fn allowed(
        &self,
        host: &str,
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, TargetRefused> {
        let allowed: Vec<_> = addresses.filter(|address| self.allows(host, address.ip())).collect();
        if allowed.is_empty() { Err(TargetRefused { host: host.to_owned() }) } else { Ok(allowed) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_addresses_may_be_called() {
        let rules = TargetRules::allowing(&["203.0.113.9".to_owned(), "hooks.example.com".to_owned()]);
        let allowed = |host: &str, address: &str| {
            let address = SocketAddr::new(address.parse().unwrap(), 80);
            rules.allowed(host, std::iter::once(address)).is_ok()
        };
        for near in ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "::1", "fd00::1", "203.0.113.9"]
        {
            assert!(allowed(near, near), "{near}");
        }
        for far in
            ["203.0.113.8", "0.0.0.0", "169.254.169.254", "172.32.0.1", "::", "2001:db8::1", "::ffff:203.0.113.8"]
        {
            assert!(!allowed(far, far), "{far}");
            assert!(!allowed("inside.example.com", far), "a name is judged by its address");
            assert!(allowed("Hooks.example.com", far), "unless it was allowed");
        }
    }

    #[test]
    fn of_several_addresses_those_that_may_be_called_are_left() {
        let addresses = ["203.0.113.8:80", "127.0.0.1:80"].map(|address| address.parse().unwrap());
        let left = TargetRules::default().allowed("both.example.com", addresses.into_iter()).unwrap();
        assert_eq!(left, [addresses[1]]);
    }
}
