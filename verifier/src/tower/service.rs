use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::layer::Settings;
use super::proxy::Sent;
use super::rejection::RejectionResponse;
use super::{body, report};
use crate::rejection::Rejection;
use crate::replay::Claim;

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

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The one that was polled is ready, its clone need not be.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let settings = Arc::clone(&self.settings);
        let rejection = self.rejection.clone();
        Box::pin(async move {
            match admit(&settings, request).await {
                Ok((request, claim)) => {
                    // Dropped half-way, by a panic or by a client that goes away, the claim releases itself.
                    let response = inner.call(request).await;
                    settle(claim, response.as_ref().is_ok_and(|response| response.status().is_success())).await;
                    response
                }
                Err(reason) => {
                    report::rejected(&reason);
                    let mut response = rejection.response(&reason);
                    response.extensions_mut().insert(reason);
                    Ok(response)
                }
            }
        })
    }
}

/// The whole checklist.
async fn admit<B>(settings: &Settings, request: Request<B>) -> Result<(Request<Full<Bytes>>, Claim), Rejection>
where
    B: Body<Data = Bytes>,
{
    let (mut parts, body) = request.into_parts();
    let head = {
        let Sent { head, target } = settings.as_sent(&parts)?;
        settings.verifier.verify_head(&head.with_target(&target), (settings.clock)()).await?
    };
    let verified = body::read(head, body, settings.body_deadline).await?;
    let claim = settings.verifier.claim(&verified, (settings.clock)()).await?;
    report::verified(&verified);
    let body = Full::new(verified.body().clone());
    parts.extensions.insert(Arc::new(verified));
    Ok((Request::from_parts(parts, body), claim))
}

async fn settle(claim: Claim, handled: bool) {
    if handled {
        if let Err(error) = claim.commit().await {
            report::not_committed(&error);
        }
    } else if let Err(error) = claim.release().await {
        report::not_released(&error);
    }
}

impl<S: fmt::Debug, R> fmt::Debug for VerifyService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyService").field("inner", &self.inner).field("settings", &self.settings).finish()
    }
}
