use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::layer::Settings;
use super::proxy::Sent;
use super::rejection::RejectionResponse;
use super::{body, report};
use crate::rejection::Rejection;
use crate::replay::{Claim, ReplayError};
use crate::verified::Verified;
use crate::verifier::Unclaimed;

/// The service that [`VerifyLayer`](super::VerifyLayer) makes.
///
/// [`Verifier::layer`](crate::Verifier::layer) shows one at work.
#[derive(Clone)]
pub struct VerifyService<S, R> {
    inner: S,
    settings: Arc<Settings>,
    rejection: R,
}

impl<S, R> VerifyService<S, R> {
    pub(super) fn new(inner: S, settings: Arc<Settings>, rejection: R) -> Self {
        Self { inner, settings, rejection }
    }
}

/// An answer under way.
pub type VerifyFuture<B, E> = Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>>;

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for VerifyService<S, R>
where
    S: Service<Request<Full<Bytes>>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    R: RejectionResponse<ResBody> + Clone + Send + 'static,
    ReqBody: Body<Data = Bytes> + Send + 'static,
    ResBody: Send + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = VerifyFuture<ResBody, S::Error>;

    /// The inner service is not asked before the request was verified, so that a forgery, or a body that does not come,
    /// takes no place that it may have to give.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut inner = self.inner.clone();
        let settings = Arc::clone(&self.settings);
        let rejection = self.rejection.clone();
        // Outside of the future, which would keep room for the whole and for its parts.
        let (mut parts, body) = request.into_parts();
        Box::pin(async move {
            let (verified, unclaimed) = match verify(&settings, &parts, pin!(body)).await {
                Ok(genuine) => genuine,
                Err(reason) => return Ok(refused(&rejection, reason, &parts.uri)),
            };
            // Before the claim, whose lease would run meanwhile.
            poll_fn(|cx| inner.poll_ready(cx)).await?;
            let claim = match unclaimed.claim((settings.clock)()).await {
                Ok(claim) => claim,
                Err(reason) => return Ok(refused(&rejection, reason, &parts.uri)),
            };
            report::verified(&verified);
            let body = Full::new(verified.body().clone());
            parts.extensions.insert(Arc::new(verified));
            // Dropped half-way, by a panic or by a client that goes away, the claim releases itself.
            let response = inner.call(Request::from_parts(parts, body)).await;
            settle(claim, response.as_ref().is_ok_and(|response| response.status().is_success())).await;
            response
        })
    }
}

fn refused<B>(rejection: &impl RejectionResponse<B>, reason: Rejection, uri: &Uri) -> Response<B> {
    // Without the query, which may hold a secret.
    report::rejected(&reason, uri.path());
    let mut response = rejection.response(&reason);
    response.extensions_mut().insert(reason);
    response
}

/// Steps 1 to 11, with the whole body in the end, and what step 12 needs.
async fn verify<'s, B>(
    settings: &'s Settings,
    parts: &Parts,
    body: Pin<&mut B>,
) -> Result<(Verified<Bytes>, Unclaimed<'s>), Rejection>
where
    B: Body<Data = Bytes>,
{
    let head = {
        let Sent { head, target } = settings.as_sent(parts)?;
        settings.verifier.verify_head(&head.with_target(&target), (settings.clock)()).await?
    };
    let unclaimed = settings.verifier.unclaimed(&head)?;
    // Whoever has captured a genuine head may send it again and again. Its body is not worth waiting for.
    unclaimed.refuse_replayed((settings.clock)())?;
    let mut verifier = head.body();
    let bytes = body::read(&mut verifier, body, settings.body_deadline).await?;
    Ok((verifier.finish()?.with_body(bytes), unclaimed))
}

/// The callback was handled if the answer says so.
async fn settle(claim: Claim, handled: bool) {
    if handled {
        if let Err(error) = to_its_end(Box::pin(claim.commit())).await {
            report::not_committed(&error);
        }
    } else if let Err(error) = to_its_end(Box::pin(claim.release())).await {
        report::not_released(&error);
    }
}

/// Also if the client hangs up meanwhile and the server drops the request: what was handled must be remembered. A store that
/// does not wait costs nothing more.
async fn to_its_end(
    mut work: Pin<Box<dyn Future<Output = Result<(), ReplayError>> + Send>>,
) -> Result<(), ReplayError> {
    if let Poll::Ready(done) = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
        return done;
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => match runtime.spawn(work).await {
            Ok(done) => done,
            Err(error) => Err(ReplayError::Unavailable(error.to_string())),
        },
        Err(_) => work.await,
    }
}

impl<S: fmt::Debug, R> fmt::Debug for VerifyService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyService").field("inner", &self.inner).field("settings", &self.settings).finish()
    }
}
