use http::Uri;

/// Longer addresses do not get through every program on their way.
const MAX_LENGTH: usize = 8000;

/// Where a click leads: an address that a browser opens, and that does nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination(String);

/// A click cannot lead there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`url` must be an `http://` or `https://` address with a host, percent-encoded, of at most {MAX_LENGTH} bytes")]
pub(super) struct DestinationError;

impl Destination {
    pub(super) fn parse(text: &str) -> Result<Self, DestinationError> {
        // A fragment is for the browser, and no part of what `Uri` reads.
        let address = text.split_once('#').map_or(text, |(address, _)| address);
        let fits = text.len() <= MAX_LENGTH && text.bytes().all(|b| b.is_ascii_graphic());
        let uri: Uri = Some(address).filter(|_| fits).and_then(|text| text.parse().ok()).ok_or(DestinationError)?;
        let is_web = uri.scheme_str().is_some_and(|scheme| ["http", "https"].contains(&scheme));
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        if is_web && has_host { Ok(Self(text.to_owned())) } else { Err(DestinationError) }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_leads_to_web_pages_only() {
        for good in ["http://a", "https://shop.example/x?y=1&z=%20#part", "HTTPS://A.example:8443/", "http://[::1]/"] {
            assert!(Destination::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/path",
            "//host/path",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://a/",
            "http://",
            "http:///x",
            "http://a b/",
            "http://a/\r\nSet-Cookie: x",
            "http://\u{e9}.example/",
            &format!("http://a/{}", "x".repeat(MAX_LENGTH)),
        ] {
            assert_eq!(Destination::parse(bad), Err(DestinationError), "{bad}");
        }
    }
}
