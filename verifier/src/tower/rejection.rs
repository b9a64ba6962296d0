use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::rejection::Rejection;

/// Makes the answer to a refused request. A function `Fn(&Rejection) -> Response<B>` is one.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use callback_verifier::{Rejection, tower::RejectionResponse};
/// use http::Response;
///
/// #[derive(Clone)]
/// struct Teapot;
///
/// impl RejectionResponse<String> for Teapot {
///     fn response(&self, rejection: &Rejection) -> Response<String> {
///         let mut response = Response::new(format!("class {}\n", rejection.class().status()));
///         *response.status_mut() = http::StatusCode::IM_A_TEAPOT;
///         response
///     }
/// }
/// assert_eq!(Teapot.response(&Rejection::BadSignature).body(), "class 401\n");
/// # Ok(())
/// # }
/// ```
pub trait RejectionResponse<B> {
    /// The answer.
    fn response(&self, rejection: &Rejection) -> Response<B>;
}

impl<B, F: Fn(&Rejection) -> Response<B>> RejectionResponse<B> for F {
    fn response(&self, rejection: &Rejection) -> Response<B> {
        self(rejection)
    }
}

/// The status of the rejection's [class](crate::Class) and an empty body; `Retry-After` with a 503, and with a 401 the
/// challenge that RFC 9110 section 15.5.2 asks for.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use callback_verifier::Rejection;
/// use callback_verifier::tower::{GenericResponse, RejectionResponse};
/// use http::Response;
///
/// let response: Response<String> = GenericResponse.response(&Rejection::ReplayPending);
/// assert_eq!(response.status(), 503);
/// assert_eq!(response.headers()["retry-after"], "5");
/// assert!(response.body().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct GenericResponse;

impl<B: Default> RejectionResponse<B> for GenericResponse {
    fn response(&self, rejection: &Rejection) -> Response<B> {
        let status = StatusCode::from_u16(rejection.class().status()).unwrap_or(StatusCode::UNAUTHORIZED);
        let mut response = Response::new(B::default());
        *response.status_mut() = status;
        if let Some(seconds) = rejection.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Signature"));
        }
        response
    }
}
