use std::fmt;

use http::Uri;
use http::uri::Scheme;
use serde::{Deserialize, Deserializer, de};

/// The URL that a callback is sent to: `http` or `https`, a host, and a path with perhaps a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TargetUrl {
    text: String,
    uri: Uri,
}

/// The text is no URL that a callback could be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("`{0}` is no URL, expected `http://host:port/path` or `https://host:port/path`")]
    NotAUrl(String),
    #[error("`{0}` is neither an `http://` nor an `https://` URL")]
    Scheme(String),
    #[error("`{0}` holds a user name, which a callback does not send")]
    UserInfo(String),
}

impl TargetUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, TargetError> {
        let not_a_url = || TargetError::NotAUrl(text.to_owned());
        // What goes onto the request line is ASCII; whoever means other characters encodes them.
        let uri: Option<Uri> = Some(text).filter(|text| text.is_ascii()).and_then(|text| text.parse().ok());
        let uri = uri.ok_or_else(not_a_url)?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => return Err(TargetError::Scheme(text.to_owned())),
            None => return Err(not_a_url()),
        }
        let authority = uri.authority().ok_or_else(not_a_url)?.as_str();
        if authority.contains('@') {
            return Err(TargetError::UserInfo(text.to_owned()));
        }
        // `http` reads `host:` and `host:99999` too; neither can be connected to.
        let port_follows = uri.host().is_some_and(|host| authority.len() > host.len());
        if uri.host().is_none_or(str::is_empty) || (port_follows && uri.port_u16().is_none()) {
            return Err(not_a_url());
        }
        Ok(Self { text: text.to_owned(), uri })
    }

    /// The URL as it was given.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The value of `Host`: with the port unless it is the default one.
    pub(crate) fn authority(&self) -> String {
        let host = self.uri.host().unwrap_or_default();
        let default = if self.uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        match self.uri.port_u16().filter(|port| *port != default) {
            None => host.to_owned(),
            Some(port) => format!("{host}:{port}"),
        }
    }

    /// The request target: the path, `/` if there is none, and the query.
    pub(crate) fn path_and_query(&self) -> String {
        match self.uri.path_and_query().map_or("/", |path| path.as_str()) {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for TargetUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_host_and_request_target() {
        for (text, authority, target) in [
            ("http://127.0.0.1:8080/hook?x=1", "127.0.0.1:8080", "/hook?x=1"),
            ("http://localhost", "localhost", "/"),
            ("http://localhost:80?x=%7E", "localhost", "/?x=%7E"),
            ("https://localhost", "localhost", "/"),
            ("https://localhost:443/hook", "localhost", "/hook"),
            ("https://localhost:80/hook", "localhost:80", "/hook"),
            ("http://localhost:443/hook", "localhost:443", "/hook"),
            ("http://[::1]:9000//a;b+c", "[::1]:9000", "//a;b+c"),
        ] {
            let url = TargetUrl::parse(text).unwrap();
            assert_eq!((url.authority().as_str(), url.path_and_query().as_str()), (authority, target), "{text}");
        }
    }

    #[test]
    fn refuses_what_no_callback_can_be_sent_to() {
        for bad in [
            "",
            "hook",
            "/hook",
            "localhost:80",
            "http://",
            "http:///x",
            "http://h:99999/",
            "http://h:/",
            "http://h /",
            "http://h/\u{e9}",
        ] {
            assert_eq!(TargetUrl::parse(bad), Err(TargetError::NotAUrl(bad.into())), "{bad:?}");
        }
        assert!(matches!(TargetUrl::parse("ftp://h/"), Err(TargetError::Scheme(_))));
        assert!(matches!(TargetUrl::parse("http://u:p@h/"), Err(TargetError::UserInfo(_))));
    }
}
