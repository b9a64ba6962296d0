use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::rejection::Rejection;

/// Makes the answer to a refused request. A function `Fn(&Rejection) -> Response<B>` is one.
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
