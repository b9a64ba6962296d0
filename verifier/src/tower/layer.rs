use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tower_layer::Layer;

use super::proxy::{PathChange, Proxy, ProxyError};
use super::rejection::GenericResponse;
use super::service::VerifyService;
use crate::verifier::Verifier;
use crate::wire::Transport;

/// How long a body may take, unless it is said otherwise.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// Lets only genuine callbacks through to the service that it wraps; see the [module](super). Cheap to clone.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let verifier = verifier();
/// use std::time::Duration;
/// use callback_verifier::tower::Proxy;
///
/// let layer = verifier
///     .layer()
///     .behind(Proxy::at(["10.0.0.0/8"])?.forwards_scheme())
///     .strip_prefix("/internal")?
///     .body_deadline(Duration::from_secs(10));
/// # assert!(format!("{layer:?}").contains("10s"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct VerifyLayer<R = GenericResponse> {
    pub(super) settings: Arc<Settings>,
    pub(super) rejection: R,
}

/// What all services of a layer share.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) verifier: Verifier,
    pub(super) proxy: Option<Proxy>,
    pub(super) path: PathChange,
    pub(super) transport: Transport,
    pub(super) body_deadline: Duration,
    pub(super) clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl VerifyLayer {
    pub(super) fn new(verifier: Verifier) -> Self {
        let settings = Settings {
            verifier,
            proxy: None,
            path: PathChange::None,
            transport: Transport::Unknown,
            body_deadline: BODY_DEADLINE,
            clock: Arc::new(SystemTime::now),
        };
        Self { settings: Arc::new(settings), rejection: GenericResponse }
    }
}

impl<R> VerifyLayer<R> {
    /// Believes what a proxy in front of this receiver says of the request as it came in there.
    #[must_use]
    pub fn behind(self, proxy: Proxy) -> Self {
        self.with(|settings| settings.proxy = Some(proxy))
    }

    /// The proxy in front puts a prefix before the path, so it is taken off before the signature is checked. A request whose
    /// path does not begin with it is refused. It replaces an earlier prefix.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, mut request, fixed) = (verifier(), request(), now());
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let handler = service_fn(handle);
    /// *request.uri_mut() = "/internal/crm/hook".parse()?;     // the sender called `/crm/hook`
    /// let layer = verifier.layer().strip_prefix("/internal")?;
    /// # let layer = layer.clock(move || fixed);
    /// assert_eq!(layer.layer(handler).oneshot(request).await?.status(), 200);
    ///
    /// assert!(verifier.layer().strip_prefix("internal/").is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ProxyError::Prefix`] if it is not `/`-separated segments of a path, without a `/` at its end.
    pub fn strip_prefix(self, prefix: &str) -> Result<Self, ProxyError> {
        let path = PathChange::strip(prefix)?;
        Ok(self.with(|settings| settings.path = path))
    }

    /// The proxy in front takes a prefix off the path, so it is put back before the signature is checked. It replaces an
    /// earlier prefix.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, mut request, fixed) = (verifier(), request(), now());
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let handler = service_fn(handle);
    /// *request.uri_mut() = "/hook".parse()?;                  // the sender called `/crm/hook`
    /// let layer = verifier.layer().add_prefix("/crm")?;
    /// # let layer = layer.clock(move || fixed);
    /// assert_eq!(layer.layer(handler).oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ProxyError::Prefix`] if it is not `/`-separated segments of a path, without a `/` at its end.
    pub fn add_prefix(self, prefix: &str) -> Result<Self, ProxyError> {
        let path = PathChange::add(prefix)?;
        Ok(self.with(|settings| settings.path = path))
    }

    /// States over what requests come in here, for a server that does TLS itself. A server that knows it per connection
    /// puts a [`Transport`] into the extensions of its requests. Default: unknown.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (fixed, request) = (now(), request());
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let handler = service_fn(handle);
    /// use callback_verifier::{Transport, TransportPolicy, Verifier};
    ///
    /// let verifier = Verifier::builder(1234).host("hooks.example.com").transport(TransportPolicy::RequireHttps);
    /// # let verifier = verifier.keys(keys()).build()?;
    /// let layer = verifier.layer().transport(Transport::Https);
    /// # let layer = layer.clock(move || fixed);
    /// assert_eq!(layer.layer(handler).oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn transport(self, transport: Transport) -> Self {
        self.with(|settings| settings.transport = transport)
    }

    /// For how long a body may come. Default: 30 s. The time runs by tokio's clock.
    #[must_use]
    pub fn body_deadline(self, deadline: Duration) -> Self {
        self.with(|settings| settings.body_deadline = deadline)
    }

    /// Tells the time by something else than the system's clock.
    ///
    /// So that a test can judge a request that was saved:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, request) = (verifier(), request());
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let handler = service_fn(handle);
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let layer = verifier.layer().clock(|| UNIX_EPOCH + Duration::from_secs(1_795_421_702));
    /// assert_eq!(layer.layer(handler).oneshot(request).await?.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Arc::new(clock))
    }

    /// Answers a refused request with something else. A stranger is to learn no more from it than the
    /// [class](crate::Class).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let verifier = verifier();
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let handler = service_fn(handle);
    /// use callback_verifier::Rejection;
    /// use http::{Request, Response};
    ///
    /// let layer = verifier.layer().on_rejection(|rejection: &Rejection| {
    ///     let mut response = Response::new("refused".to_owned());
    ///     *response.status_mut() = rejection.class().status().try_into().unwrap_or_default();
    ///     response
    /// });
    /// let request = Request::post("/hook").body(http_body_util::Full::<bytes::Bytes>::default())?;      // unsigned
    /// assert_eq!(layer.layer(handler).oneshot(request).await?.into_body(), "refused");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_rejection<N>(self, rejection: N) -> VerifyLayer<N> {
        VerifyLayer { settings: self.settings, rejection }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, R: Clone> Layer<S> for VerifyLayer<R> {
    type Service = VerifyService<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyService::new(inner, Arc::clone(&self.settings), self.rejection.clone())
    }
}

impl<R> fmt::Debug for VerifyLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyLayer")
            .field("verifier", &self.verifier)
            .field("proxy", &self.proxy)
            .field("path", &self.path)
            .field("transport", &self.transport)
            .field("body_deadline", &self.body_deadline)
            .finish_non_exhaustive()
    }
}
