//! What a proxy in front has changed, told by configuration and never guessed.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use http::{HeaderMap, Uri};
use ipnet::IpNet;

use super::layer::Settings;
use crate::rejection::Rejection;
use crate::wire::{Excerpt, RequestHead, Transport};

const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";

/// The proxy in front of a receiver: who it is, and what it is believed.
///
/// Only a request that comes from one of its addresses is judged by its headers. From any other peer they are what a
/// stranger writes, and are ignored. The peer is what the server says: [`PeerAddress`] among the extensions of the request,
/// or with axum its `ConnectInfo<SocketAddr>`.
///
/// The proxy itself must set these headers on every request and not pass on what a client wrote.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (verifier, mut request, fixed) = (verifier(), request(), now());
/// # use tower::{Layer, ServiceExt, service_fn};
/// # let handler = service_fn(handle);
/// use callback_verifier::tower::{PeerAddress, Proxy};
///
/// let layer = verifier.layer().behind(Proxy::at(["10.0.0.0/8", "2001:db8::1"])?.forwards_scheme().forwards_host());
/// # let layer = layer.clock(move || fixed);
///
/// request.headers_mut().insert("host", "backend:8080".parse()?);      // what the proxy made of it
/// request.headers_mut().insert("x-forwarded-host", "hooks.example.com".parse()?);
/// request.headers_mut().insert("x-forwarded-proto", "https".parse()?);
/// request.extensions_mut().insert(PeerAddress("10.1.2.3:40000".parse()?));
/// assert_eq!(layer.layer(handler).oneshot(request.clone()).await?.status(), 200);
///
/// request.extensions_mut().insert(PeerAddress("192.0.2.9:40000".parse()?));   // a stranger, whose headers say nothing
/// assert_eq!(layer.layer(handler).oneshot(request).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Proxy {
    peers: Peers,
    scheme: bool,
    host: bool,
}

#[derive(Debug, Clone)]
enum Peers {
    These(Vec<IpNet>),
    Every,
}

/// The address of the peer of a connection. A server that is not axum's puts it into the extensions of its requests.
///
/// See the example of [`Proxy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// A proxy that cannot be described so.
///
/// See the examples of [`Proxy::at`] and [`VerifyLayer::strip_prefix`](super::VerifyLayer::strip_prefix).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// No address and no network.
    #[error("{0} is no IP address and no network: expected `192.0.2.1` or `192.0.2.0/24`")]
    Network(Excerpt),
    /// No proxy is trusted.
    #[error("no address of the proxy is given")]
    NoNetwork,
    /// No prefix of a path.
    #[error("{0} is no prefix of a path: expected `/one` or `/one/two`, without a `/` at its end")]
    Prefix(Excerpt),
}

impl Proxy {
    /// A proxy with these addresses: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use callback_verifier::tower::{Proxy, ProxyError};
    ///
    /// assert!(Proxy::at(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"]).is_ok());
    /// assert_eq!(Proxy::at(["proxy.example.com"]).err(), Some(ProxyError::Network("proxy.example.com".into())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ProxyError::Network`] or [`ProxyError::NoNetwork`].
    pub fn at<'a>(networks: impl IntoIterator<Item = &'a str>) -> Result<Self, ProxyError> {
        let parse = |text: &str| {
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| ProxyError::Network(text.into()))
        };
        let networks = networks.into_iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        if networks.is_empty() {
            return Err(ProxyError::NoNetwork);
        }
        Ok(Self { peers: Peers::These(networks), scheme: false, host: false })
    }

    /// A proxy that is the only way to this receiver, whatever its address: over a Unix socket, or in a network of its own.
    /// If anybody else can reach the receiver, he is believed too.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, mut request, fixed) = (verifier(), request(), now());
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # use callback_verifier::tower::Proxy;
    /// # let handler = service_fn(handle);
    /// let layer = verifier.layer().behind(Proxy::trusting_every_peer().forwards_host());
    /// # let layer = layer.clock(move || fixed);
    ///
    /// request.headers_mut().insert("host", "backend:8080".parse()?);
    /// request.headers_mut().insert("x-forwarded-host", "hooks.example.com".parse()?);
    /// assert_eq!(layer.layer(handler).oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn trusting_every_peer() -> Self {
        Self { peers: Peers::Every, scheme: false, host: false }
    }

    /// Believes its `X-Forwarded-Proto`: `https` or `http`. Anything else leaves the transport unknown.
    #[must_use]
    pub fn forwards_scheme(mut self) -> Self {
        self.scheme = true;
        self
    }

    /// Believes its `X-Forwarded-Host`, which is then the `Host` that was signed. It must be there, once, with one value.
    #[must_use]
    pub fn forwards_host(mut self) -> Self {
        self.host = true;
        self
    }

    fn trusts(&self, parts: &Parts) -> Result<bool, Rejection> {
        let Peers::These(networks) = &self.peers else { return Ok(true) };
        let peer = peer(parts).ok_or(Rejection::PeerUnknown)?.ip().to_canonical();
        Ok(networks.iter().any(|network| network.contains(&peer)))
    }
}

fn peer(parts: &Parts) -> Option<SocketAddr> {
    let peer = parts.extensions.get::<PeerAddress>().map(|peer| peer.0);
    #[cfg(feature = "axum")]
    let peer = peer.or_else(|| parts.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().map(|peer| peer.0));
    peer
}

/// What happened to the path, to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathChange {
    None,
    Strip(Box<str>),
    Add(Box<str>),
}

impl PathChange {
    pub(super) fn strip(prefix: &str) -> Result<Self, ProxyError> {
        checked(prefix).map(Self::Strip)
    }

    pub(super) fn add(prefix: &str) -> Result<Self, ProxyError> {
        checked(prefix).map(Self::Add)
    }

    /// The target as it was sent.
    fn undo<'t>(&self, target: &'t str) -> Result<Cow<'t, str>, Rejection> {
        match self {
            Self::None => Ok(target.into()),
            Self::Add(prefix) => Ok(format!("{prefix}{target}").into()),
            Self::Strip(prefix) => match target.strip_prefix(&**prefix) {
                Some("") => Ok("/".into()),
                Some(rest) if rest.starts_with('/') => Ok(rest.into()),
                Some(rest) if rest.starts_with('?') => Ok(format!("/{rest}").into()),
                _ => Err(Rejection::TargetOutsidePrefix { prefix: prefix.to_string() }),
            },
        }
    }
}

fn checked(prefix: &str) -> Result<Box<str>, ProxyError> {
    let is_path_byte = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#');
    let well_formed = prefix.starts_with('/') && !prefix.ends_with('/') && prefix.bytes().all(is_path_byte);
    if well_formed { Ok(prefix.into()) } else { Err(ProxyError::Prefix(prefix.into())) }
}

/// A request as its sender sent it: its head, but for the target, which may be a new text.
pub(super) struct Sent<'p> {
    pub(super) head: RequestHead<'p>,
    pub(super) target: Cow<'p, str>,
}

impl Settings {
    /// Undoes what the proxy has changed, as far as it is configured.
    pub(super) fn as_sent<'p>(&self, parts: &'p Parts) -> Result<Sent<'p>, Rejection> {
        let mut head = RequestHead::of_http(&parts.method, original_uri(parts), parts.version, &parts.headers);
        let mut transport = parts.extensions.get().copied().unwrap_or(self.transport);
        if let Some(proxy) = &self.proxy
            && proxy.trusts(parts)?
        {
            if proxy.scheme {
                transport = forwarded_scheme(&parts.headers);
            }
            if proxy.host {
                let host = single(&parts.headers, FORWARDED_HOST);
                head = head.with_host(host.ok_or(Rejection::ForwardedMalformed { name: FORWARDED_HOST })?);
            }
        }
        let target = match head.target() {
            // Not in origin form, which the checklist refuses.
            "" => Cow::Borrowed(""),
            target => self.path.undo(target)?,
        };
        Ok(Sent { head: head.with_transport(transport), target })
    }
}

/// Below `Router::nest` axum cuts the path of the request and keeps the original beside it.
fn original_uri(parts: &Parts) -> &Uri {
    #[cfg(feature = "axum")]
    if let Some(original) = parts.extensions.get::<axum::extract::OriginalUri>() {
        return &original.0;
    }
    &parts.uri
}

fn forwarded_scheme(headers: &HeaderMap) -> Transport {
    match single(headers, FORWARDED_PROTO) {
        Some(scheme) if scheme.eq_ignore_ascii_case(b"https") => Transport::Https,
        Some(scheme) if scheme.eq_ignore_ascii_case(b"http") => Transport::Http,
        _ => Transport::Unknown,
    }
}

/// The value of a header that is there once and is no list: of a list it is anybody's guess who wrote which part.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.as_bytes();
    (values.next().is_none() && !value.contains(&b',')).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_whole_segments_of_a_path() {
        for good in ["/a", "/a/b", "/a%20b", "//a"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "a", "/a/", "/a?b", "/a#b", "/a b", "/\u{e9}", "/a\n"] {
            assert_eq!(checked(bad), Err(ProxyError::Prefix(bad.into())), "{bad:?}");
        }
    }

    #[test]
    fn undoes_what_happened_to_the_path() {
        let strip = PathChange::strip("/internal").unwrap();
        for (target, sent) in [
            ("/internal/hook?x=1", Some("/hook?x=1")),
            ("/internal", Some("/")),
            ("/internal/", Some("/")),
            ("/internal?x=1", Some("/?x=1")),
            ("/internal/internal/hook", Some("/internal/hook")),
            ("/internals/hook", None),
            ("/hook", None),
            ("/Internal/hook", None),
            ("//internal/hook", None),
        ] {
            assert_eq!(strip.undo(target).ok().as_deref(), sent, "{target}");
        }
        let add = PathChange::add("/public/v1").unwrap();
        assert_eq!(add.undo("/hook?x=1").unwrap(), "/public/v1/hook?x=1");
        assert_eq!(PathChange::None.undo("/hook").unwrap(), "/hook");
    }

    #[test]
    fn only_the_addresses_of_a_proxy_are_believed() {
        let proxy = Proxy::at(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]).unwrap();
        for (peer, trusted) in [
            ("10.255.0.1:1", true),
            ("11.0.0.1:1", false),
            ("192.0.2.1:99", true),
            ("192.0.2.2:99", false),
            ("[2001:db8::7]:1", true),
            ("[2001:db9::7]:1", false),
            ("[::ffff:10.1.2.3]:1", true),
            ("[::ffff:9.1.2.3]:1", false),
        ] {
            let mut parts = http::Request::new(()).into_parts().0;
            parts.extensions.insert(PeerAddress(peer.parse().unwrap()));
            assert_eq!(proxy.trusts(&parts), Ok(trusted), "{peer}");
        }
        let parts = http::Request::new(()).into_parts().0;
        assert_eq!(proxy.trusts(&parts), Err(Rejection::PeerUnknown));
        assert_eq!(Proxy::trusting_every_peer().trusts(&parts), Ok(true));
        assert_eq!(Proxy::at(["nobody"]).unwrap_err(), ProxyError::Network("nobody".into()));
        assert_eq!(Proxy::at([]).unwrap_err(), ProxyError::NoNetwork);
    }
}
