//! A delivery of the mock publisher's log: what `GET /mock/v1/deliveries/N` answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{NotSaved, Saved, Source, raw};

/// What a delivery has and a HAR file has not.
#[derive(Deserialize)]
struct Delivery {
    #[serde(rename = "change")]
    _change: IgnoredAny,
    #[serde(rename = "callback")]
    _callback: IgnoredAny,
    /// The request as it was sent. It is missing in a list of deliveries, and of one that was not attempted yet.
    request_base64: Option<String>,
}

/// Several of them, as `GET /mock/v1/deliveries` answers.
#[derive(Deserialize)]
struct List {
    #[serde(rename = "deliveries")]
    _deliveries: IgnoredAny,
}

pub(super) fn looks_like(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Delivery>(bytes).is_ok() || serde_json::from_slice::<List>(bytes).is_ok()
}

pub(super) fn read(bytes: &[u8], source: &Source) -> Result<Saved, NotSaved> {
    if serde_json::from_slice::<List>(bytes).is_ok() {
        return Err(NotSaved::Delivery("it is a list of them, without their requests".to_owned()));
    }
    let delivery: Delivery = serde_json::from_slice(bytes).map_err(|error| NotSaved::Delivery(error.to_string()))?;
    let text = delivery.request_base64.ok_or_else(|| NotSaved::Delivery("it holds no `request_base64`".to_owned()))?;
    let request = STANDARD.decode(text).map_err(|error| NotSaved::Delivery(format!("`request_base64`: {error}")))?;
    Ok(Saved { format: "delivery", ..raw(&request, source)? })
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;
    use crate::args::FormatArg;

    const REQUEST: &[u8] = b"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\xff\n";

    #[test]
    fn holds_the_request_byte_for_byte() {
        let delivery = format!(r#"{{"id":7,"change":1,"callback":1,"request_base64":"{}"}}"#, STANDARD.encode(REQUEST));
        for format in [FormatArg::Auto, FormatArg::Delivery] {
            let saved = Saved::read(delivery.as_bytes(), source(format)).unwrap();
            assert_eq!((saved.format, saved.target.as_str(), &saved.body[..]), ("delivery", "/hook", &b"\xff\n"[..]));
        }
    }

    #[test]
    fn says_what_is_missing() {
        for (text, said) in [
            (r#"{"change":1,"callback":1}"#, "it holds no `request_base64`"),
            (r#"{"change":1,"callback":1,"request_base64":null}"#, "it holds no `request_base64`"),
            (r#"{"change":1,"callback":1,"request_base64":"?"}"#, "`request_base64`: "),
            (r#"{"deliveries":[],"next":0}"#, "it is a list of them"),
            ("[]", "invalid length"),
        ] {
            let error = Saved::read(text.as_bytes(), source(FormatArg::Delivery)).unwrap_err();
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
