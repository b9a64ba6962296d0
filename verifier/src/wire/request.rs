use std::borrow::Cow;

/// How many header lines a request may have.
pub const MAX_HEADER_LINES: usize = 256;

/// How a request reached the receiver, as far as its HTTP server knows.
///
/// A server states it: [`RequestHead::with_transport`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
    /// Nobody said.
    #[default]
    Unknown,
    /// Without encryption.
    Http,
    /// Over TLS.
    Https,
}

/// One header line (RFC 9110 section 5): its name in any case, and its value as it came in.
///
/// See the example of [`RequestHead`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The field name.
    pub name: &'a str,
    /// The field value. White space at its ends does not count.
    pub value: &'a [u8],
}

impl<'a> Header<'a> {
    /// A header line.
    pub const fn new(name: &'a str, value: &'a [u8]) -> Self {
        Self { name, value }
    }
}

/// The head of a request, borrowed from whatever HTTP implementation received it.
///
/// Header lines that came several times are listed several times, in the order in which they came.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{Header, RequestHead, Transport};
///
/// let headers = [Header::new("Host", b"hooks.example.com"), Header::new("X-Copernica-ID", b" account_1234")];
/// let head = RequestHead::new("POST", "/hook?list=%C3%A9", &headers).with_transport(Transport::Https);
/// assert_eq!(head.target(), "/hook?list=%C3%A9");                        // as it was sent, never decoded
/// assert_eq!(head.values("x-copernica-id").collect::<Vec<_>>(), [b"account_1234"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RequestHead<'a> {
    method: &'a str,
    target: &'a str,
    headers: Cow<'a, [Header<'a>]>,
    authority: Option<&'a str>,
    transport: Transport,
}

impl<'a> RequestHead<'a> {
    /// A view of a request: its method, its target exactly as on the request line (path with query, never decoded:
    /// the origin form of RFC 9112 section 3.2.1), and its header lines.
    pub fn new(method: &'a str, target: &'a str, headers: impl Into<Cow<'a, [Header<'a>]>>) -> Self {
        Self { method, target, headers: headers.into(), authority: None, transport: Transport::Unknown }
    }

    /// The `:authority` of an HTTP/2 or HTTP/3 request, which stands for `Host`. If both are there they must agree.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::RequestHead;
    /// let head = RequestHead::new("POST", "/hook", &[]).with_authority("hooks.example.com");
    /// assert_eq!(head.values("host").collect::<Vec<_>>(), [b"hooks.example.com"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_authority(mut self, authority: &'a str) -> Self {
        self.authority = Some(authority);
        self
    }

    /// States over what the request came in. Only the server itself knows; a header that anybody can send does not.
    #[must_use]
    pub fn with_transport(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// The same head with another target: the one that was sent, where a proxy has changed it.
    #[must_use]
    pub fn with_target(mut self, target: &'a str) -> Self {
        self.target = target;
        self
    }

    /// The same head with another `Host`, and no `:authority`: the one that was sent, where a proxy has changed it.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use callback_verifier::{Header, RequestHead};
    /// let headers = [Header::new("Host", b"backend:8080")];
    /// let head = RequestHead::new("POST", "/internal/hook", &headers);
    /// let as_sent = head.with_host(b"hooks.example.com").with_target("/hook");
    /// assert_eq!(as_sent.values("host").collect::<Vec<_>>(), [b"hooks.example.com"]);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_host(mut self, host: &'a [u8]) -> Self {
        let lines = self.headers.to_mut();
        lines.retain(|header| !header.name.eq_ignore_ascii_case("host"));
        lines.push(Header::new("host", host));
        self.authority = None;
        self
    }

    /// The method, as it came in.
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The request target, as it came in.
    pub fn target(&self) -> &'a str {
        self.target
    }

    /// The header lines, in order.
    pub fn headers(&self) -> &[Header<'a>] {
        &self.headers
    }

    /// The `:authority`, if there was one.
    pub fn authority(&self) -> Option<&'a str> {
        self.authority
    }

    /// Over what the request came in.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The values of all instances of one header, in order, without white space at their ends.
    ///
    /// An `:authority` counts as the `Host` of a request that has none.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        let lines = self.headers.iter().filter(move |header| header.name.eq_ignore_ascii_case(name));
        let authority = self.authority.filter(|_| name.eq_ignore_ascii_case("host") && !self.has_host());
        lines.map(|header| super::trim_ows(header.value)).chain(authority.map(str::as_bytes))
    }

    fn has_host(&self) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case("host"))
    }
}

/// A view of a request of the `http` crate.
///
/// The transport stays [`Transport::Unknown`]: the `http` crate does not know it. An absolute-form target of HTTP/1
/// becomes an empty one (and is so refused by the checklist); in HTTP/2 and HTTP/3 it is the `:authority` and the path.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::{RequestHead, Transport};
/// let request = http::Request::post("/hook?a=1").header("Host", "hooks.example.com").body("")?;
/// let (parts, _body) = request.into_parts();
/// let head = RequestHead::from(&parts).with_transport(Transport::Https);      // the server knows
/// assert_eq!((head.method(), head.target()), ("POST", "/hook?a=1"));
/// assert_eq!(head.values("host").collect::<Vec<_>>(), [b"hooks.example.com"]);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "http")]
impl<'a> From<&'a http::request::Parts> for RequestHead<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self::of_http(&parts.method, &parts.uri, parts.version, &parts.headers)
    }
}

#[cfg(feature = "http")]
impl<'a> RequestHead<'a> {
    pub(crate) fn of_http(
        method: &'a http::Method,
        uri: &'a http::Uri,
        version: http::Version,
        headers: &'a http::HeaderMap,
    ) -> Self {
        let lines: Vec<_> = headers.iter().map(|(name, value)| Header::new(name.as_str(), value.as_bytes())).collect();
        let origin_form = uri.path_and_query().map_or("", |target| target.as_str());
        let mut head = RequestHead::new(method.as_str(), origin_form, lines);
        if let Some(authority) = uri.authority() {
            if version < http::Version::HTTP_2 {
                // Not a path, so that the checklist refuses it: which of the two hosts was meant is anybody's guess.
                head.target = "";
            } else {
                head.authority = Some(authority.as_str());
            }
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_set_replaces_every_other_and_nothing_else() {
        let lines = [Header::new("Host", b"backend:8080"), Header::new("Date", b"now"), Header::new("HOST", b"b.test")];
        let head = RequestHead::new("POST", "/hook", &lines).with_authority("c.test").with_host(b"hooks.example.com");
        assert_eq!(head.headers(), [lines[1], Header::new("host", b"hooks.example.com")]);
        assert_eq!(head.authority(), None);
    }

    #[test]
    fn an_authority_is_the_host_of_a_request_that_has_none() {
        let lines = [Header::new("Host", b"a.test"), Header::new("Date", b"now")];
        let values = |lines: &[Header<'static>], name: &str| {
            let head = RequestHead::new("POST", "/hook", lines.to_vec()).with_authority("b.test");
            head.values(name).collect::<Vec<_>>()
        };
        assert_eq!(values(&lines, "host"), [b"a.test"]);
        assert_eq!(values(&lines[1..], "HOST"), [b"b.test"]);
        assert_eq!(values(&lines[1..], "date"), [b"now"]);
        assert!(values(&lines[1..], "digest").is_empty());
    }
}
