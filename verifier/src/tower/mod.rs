//! A tower layer that lets only genuine callbacks through (feature `tower`), and what a handler finds behind it.
//!
//! For each request it
//!
//! 1. works out what the sender signed, where a [`Proxy`] is configured;
//! 2. verifies the head: a forgery is answered here, its body unread;
//! 3. refuses what the [replay guard](crate::replay) remembers as handled, as far as it can tell at once;
//! 4. reads the body, no further than the policy's limit and no longer than [`VerifyLayer::body_deadline`], and hashes it
//!    while it comes;
//! 5. claims the nonce;
//! 6. calls the inner service with the same request: its body is whole, and an `Arc<`[`Verified`]`<Bytes>>` is among its
//!    extensions;
//! 7. commits the claim if the answer is 2xx, and releases it otherwise: also when the handler panics, or when the client
//!    goes away and the server drops the request.
//!
//! What is refused is answered by its [class](crate::Class), with an empty body: 400, 401, 409, 413, or 503 with
//! `Retry-After`. The exact [`Rejection`](crate::Rejection) goes to `tracing` (target `callback_verifier`), into the extensions of the
//! response, and with the feature `metrics` into the counter [`VERDICTS`]. Another answer is made by
//! [`VerifyLayer::on_rejection`].
//!
//! ```no_run
//! # #[cfg(feature = "dns")] {
//! use bytes::Bytes;
//! use callback_verifier::Verifier;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::ServiceBuilder;
//!
//! # fn set_up() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::builder(1234).host("hooks.example.com").build()?;
//! let service = ServiceBuilder::new().layer(verifier.layer()).service_fn(|request: Request<Full<Bytes>>| async move {
//!     let verified = callback_verifier::tower::verified(request.extensions()).map(|verified| verified.account());
//!     println!("a callback of {verified:?}");
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
//! });
//! # let _ = service;
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! # Deployment caveat
//!
//! One layer for each request: a second one behind it finds the nonce claimed, and answers 503.
//!
//! The signature covers the path, the query and the host **as the sender wrote them**. Whatever stands in front of the
//! layer must pass them on unchanged, or the layer must be told what was changed: see [`Proxy`]. The layer must come before
//! everything that reads, decompresses or rewrites the request. Limits on connections, on the time that a head may take and
//! on its size are the HTTP server's business.

mod body;
mod layer;
mod proxy;
mod rejection;
mod report;
mod service;

use std::sync::Arc;

use bytes::Bytes;
use http::Extensions;

use crate::verified::Verified;
use crate::verifier::Verifier;

pub use layer::VerifyLayer;
pub use proxy::{PeerAddress, Proxy, ProxyError};
pub use rejection::{GenericResponse, RejectionResponse};
#[cfg(feature = "metrics")]
pub use report::VERDICTS;
pub use service::{VerifyFuture, VerifyService};

impl Verifier {
    /// A layer that lets only requests through which this verifier accepts.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/genuine.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (verifier, request) = (verifier(), request());
    /// # use std::convert::Infallible;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response, StatusCode};
    /// # use http_body_util::Full;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let handler = service_fn(|request: Request<Full<Bytes>>| async move {
    ///     let verified = callback_verifier::tower::verified(request.extensions());
    ///     assert!(verified.is_some_and(|verified| verified.account().id == 1234));
    ///     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    /// });
    /// # let fixed = now();
    /// let layer = verifier.layer();
    /// # let layer = layer.clock(move || fixed);
    /// let service = layer.layer(handler);
    /// let genuine = service.clone().oneshot(request.clone()).await?;
    /// let again = service.oneshot(request).await?;
    /// assert_eq!((genuine.status(), again.status()), (StatusCode::OK, StatusCode::CONFLICT));
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer(&self) -> VerifyLayer {
        VerifyLayer::new(self.clone())
    }
}

/// The evidence that the layer has left with a request; `None` behind no layer.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::tower::verified;
///
/// let request = http::Request::new("whatever a stranger sends");
/// assert!(verified(request.extensions()).is_none());      // it did not come through the layer
/// # Ok(())
/// # }
/// ```
pub fn verified(extensions: &Extensions) -> Option<&Arc<Verified<Bytes>>> {
    extensions.get()
}
