use std::fmt;

use super::PolicyError;
use crate::wire::Transport;

/// A host that the publisher may call this receiver by: a name and perhaps a port.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{ExpectedHost, PolicyError};
///
/// assert_eq!(ExpectedHost::parse("Hooks.Example.com:8443")?.to_string(), "hooks.example.com:8443");
/// let url = ExpectedHost::parse("https://hooks.example.com/");
/// assert_eq!(url, Err(PolicyError::Host("https://hooks.example.com/".into())));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedHost {
    /// `name` or `name:port`, in lower case.
    text: Box<str>,
    name_length: usize,
    port: Option<u16>,
}

impl ExpectedHost {
    /// Reads `name`, `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`.
    ///
    /// # Errors
    /// [`PolicyError::Host`] if it is of no such form.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let refused = || PolicyError::Host(text.into());
        let (name, port) = split_port(text.as_bytes()).ok_or_else(refused)?;
        Ok(Self { text: text.to_ascii_lowercase().into(), name_length: name.len(), port })
    }

    /// Whether the value of a `Host` header means this host. A missing port is the transport's default port.
    pub(crate) fn matches(&self, host: &[u8], transport: Transport) -> bool {
        if host.eq_ignore_ascii_case(self.text.as_bytes()) {
            return true;
        }
        let Some((name, port)) = split_port(host) else { return false };
        let same_name = name.eq_ignore_ascii_case(&self.text.as_bytes()[..self.name_length]);
        same_name && effective(port, transport) == effective(self.port, transport)
    }
}

impl fmt::Display for ExpectedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A port that is worth telling: not the one that the transport, or either transport if it is unknown, has anyway.
fn effective(port: Option<u16>, transport: Transport) -> Option<u16> {
    match (port, transport) {
        (Some(443), Transport::Https | Transport::Unknown) | (Some(80), Transport::Http | Transport::Unknown) => None,
        _ => port,
    }
}

/// Splits `name[:port]`; `None` if it is of no such form.
fn split_port(host: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let name_length = match host {
        [b'[', ..] => memchr::memchr(b']', host)? + 1,
        _ => memchr::memchr(b':', host).unwrap_or(host.len()),
    };
    let (name, rest) = host.split_at(name_length);
    let is_name_byte = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let is_literal_byte = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let well_formed = match name {
        [b'[', literal @ .., b']'] => !literal.is_empty() && literal.iter().all(is_literal_byte),
        name => !name.is_empty() && name.iter().all(is_name_byte),
    };
    if !well_formed {
        return None;
    }
    match rest {
        [] => Some((name, None)),
        [b':', first @ b'1'..=b'9', digits @ ..] if digits.iter().all(u8::is_ascii_digit) && digits.len() < 5 => {
            let number = digits.iter().fold(u32::from(first - b'0'), |sum, digit| sum * 10 + u32::from(digit - b'0'));
            Some((name, Some(u16::try_from(number).ok()?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_matches_in_any_case_and_with_the_default_port() {
        let plain = ExpectedHost::parse("hooks.example.com").unwrap();
        for (host, transport, expected) in [
            ("hooks.example.com", Transport::Unknown, true),
            ("HOOKS.Example.com", Transport::Https, true),
            ("hooks.example.com:443", Transport::Unknown, true),
            ("hooks.example.com:443", Transport::Https, true),
            ("hooks.example.com:443", Transport::Http, false),
            ("hooks.example.com:80", Transport::Http, true),
            ("hooks.example.com:80", Transport::Https, false),
            ("hooks.example.com:80", Transport::Unknown, true),
            ("hooks.example.com:8080", Transport::Unknown, false),
            ("hooks.example.com:0443", Transport::Unknown, false),
            ("hooks.example.com:", Transport::Unknown, false),
            ("hooks.example.com:443x", Transport::Unknown, false),
            ("hooks.example.com:65979", Transport::Unknown, false),
            ("hooks.example.com/hook", Transport::Unknown, false),
            ("hooks.example.com.", Transport::Unknown, false),
            ("hooks.example.com.evil.test", Transport::Unknown, false),
            ("evil-hooks.example.com", Transport::Unknown, false),
            ("user@hooks.example.com", Transport::Unknown, false),
            ("", Transport::Unknown, false),
        ] {
            assert_eq!(plain.matches(host.as_bytes(), transport), expected, "{host} over {transport:?}");
        }
    }

    #[test]
    fn a_port_that_is_no_default_must_be_there() {
        let with_port = ExpectedHost::parse("127.0.0.1:8080").unwrap();
        assert!(with_port.matches(b"127.0.0.1:8080", Transport::Http));
        assert!(!with_port.matches(b"127.0.0.1", Transport::Http));
        let literal = ExpectedHost::parse("[2001:DB8::1]:8443").unwrap();
        assert!(literal.matches(b"[2001:db8::1]:8443", Transport::Https));
        assert!(!literal.matches(b"[2001:db8::1]", Transport::Https));
    }

    #[test]
    fn refuses_what_is_no_host() {
        for bad in ["", "http://a", "a/b", "a:", "a:x", "a:0", "a:70000", "[::1", "[]", "a b", "\u{e9}.example"] {
            assert_eq!(ExpectedHost::parse(bad), Err(PolicyError::Host(bad.into())), "{bad:?}");
        }
    }
}
