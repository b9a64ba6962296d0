//! The SOAP API (trigger `soap`), SOAP 1.1 at `/soap`, described by the WSDL at `/soap?SOAPAPI=WSDL`.
//!
//! The [table of operations](operations) is the only place that knows which there are; the [description](wsdl) and the
//! dispatcher here are both made from it. Names are matched without their name spaces, since clients choose them as they like.

mod arguments;
mod envelope;
mod fault;
mod notes;
mod object;
mod operation;
mod operations;
mod reply;
mod request;
mod session;
mod wsdl;
mod xml;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

use super::Entry;
use arguments::{Arguments, text_beside};
use fault::{CONTENT_TYPE, Fault};
use operation::{Context, Operation};
use reply::Reply;
use session::Sessions;
use xml::Element;

#[derive(Clone)]
struct SoapState {
    entry: Entry,
    sessions: Sessions,
    /// A permit for each call that may be unpacked and parsed at a time.
    parsing: Arc<Semaphore>,
}

/// How many calls are unpacked and parsed at a time. It is done for strangers too, since the token may be in the call, and takes up
/// to some hundred megabytes.
const PARSED_AT_A_TIME: usize = 2;

/// `/soap`.
pub(crate) fn router(entry: Entry) -> Router {
    let state = SoapState { entry, sessions: Sessions::default(), parsing: Arc::new(Semaphore::new(PARSED_AT_A_TIME)) };
    let endpoint = get(describe).post(answer);
    Router::new()
        .route("/soap", endpoint.clone())
        .route("/soap/", endpoint)
        .layer(DefaultBodyLimit::max(request::MAX_BODY))
        .with_state(state)
}

/// `GET /soap?SOAPAPI=WSDL`. It wants no token: it tells nothing that this program's source does not tell.
async fn describe(State(state): State<SoapState>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asks = form_urlencoded::parse(query.as_bytes()).any(|(name, value)| {
        name.eq_ignore_ascii_case("wsdl")
            || (name.eq_ignore_ascii_case("SOAPAPI") && value.eq_ignore_ascii_case("wsdl"))
    });
    let address = format!("{}/soap", state.entry.base_url);
    if asks {
        return ([(header::CONTENT_TYPE, CONTENT_TYPE)], wsdl::wsdl(&address)).into_response();
    }
    let signpost = format!("This is the SOAP API. POST calls here; the WSDL is at {address}?SOAPAPI=WSDL\n");
    (StatusCode::NOT_FOUND, signpost).into_response()
}

/// `POST /soap`
async fn answer(State(state): State<SoapState>, request: Request) -> Response {
    match carry_out(state, request).await {
        Ok((operation, reply)) => {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(CONTENT_TYPE));
            if let Reply::LoggedIn { cookie } = &reply
                && let Ok(cookie) = cookie.parse()
            {
                headers.insert(header::SET_COOKIE, cookie);
            }
            (headers, reply.envelope(operation)).into_response()
        }
        Err(fault) => fault.into_response(),
    }
}

async fn carry_out(state: SoapState, request: Request) -> Result<(&'static Operation, Reply), Fault> {
    let (parts, call) = request::read(request, state.parsing.clone()).await?;
    let operation = operation(&parts.headers, &call)?;
    if operation.name != operations::LOGIN {
        authenticate(&state, &parts, &call)?;
    }
    let arguments = Arguments::read(&call, operation.parameters)?;
    let SoapState { entry, sessions, .. } = state;
    let reply = (operation.run)(Context { entry, sessions }, arguments).await?;
    Ok((operation, reply))
}

/// The operation that the call is named after, or that `SOAPAction` names.
fn operation(headers: &HeaderMap, call: &Element) -> Result<&'static Operation, Fault> {
    let action = headers.get("soapaction").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let action = action.trim_matches(['"', ' ']).rsplit(['#', '/']).next().unwrap_or_default();
    operations::named(&call.name).or_else(|| operations::named(action)).ok_or_else(|| {
        let name: String = call.name.chars().take(100).collect();
        Fault::client(format!("there is no operation `{name}` here; the WSDL at `/soap?SOAPAPI=WSDL` lists all"))
    })
}

/// By the parameter `access_token`, the header of the REST API, or the cookie of a login.
fn authenticate(state: &SoapState, parts: &Parts, call: &Element) -> Result<(), Fault> {
    let token = &state.entry.token;
    match text_beside(call, wsdl::ACCESS_TOKEN).filter(|given| !given.is_empty()) {
        Some(given) if token.matches(given) => Ok(()),
        Some(_) => Err(Fault::invalid_token()),
        None if token.is_in(parts) || state.sessions.know(&parts.headers, Instant::now()) => Ok(()),
        None => Err(Fault::not_logged_on()),
    }
}
