//! From a request to the call in it.

use std::io::Read;
use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use tokio::sync::Semaphore;

use super::envelope;
use super::fault::Fault;
use super::xml::Element;
use crate::store::StoreError;

/// How long a body may be, in bytes, as it comes and when it is unpacked.
pub(super) const MAX_BODY: usize = 16 << 20;

/// The head of a request, and the call in its body, which is unpacked and parsed with one of the permits.
pub(super) async fn read(request: Request, parsing: Arc<Semaphore>) -> Result<(Parts, Element), Fault> {
    let (parts, body) = request.into_parts();
    let encoding = Encoding::of(&parts.headers)?;
    let request = Request::from_parts(parts.clone(), body);
    let bytes =
        Bytes::from_request(request, &()).await.map_err(|rejection: BytesRejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => Fault::unreadable(rejection.body_text()),
        })?;
    let permit = parsing.acquire_owned().await.map_err(|_| StoreError::Stopped)?;
    // A long body keeps a processor busy for a while, and others wait for this thread.
    let call = tokio::task::spawn_blocking(move || {
        // Until it is done, also if nobody waits for it any more.
        let _permit = permit;
        envelope::call(Element::parse(&encoding.unpack(bytes)?)?)
    });
    Ok((parts, call.await.map_err(|_| StoreError::Stopped)??))
}

fn too_large() -> Fault {
    Fault::unreadable(format!("the body is larger than {} MiB; split the call", MAX_BODY >> 20))
}

/// How a body is packed.
enum Encoding {
    Plain,
    Gzip,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Self, Fault> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let charset = content_type.split(';').find_map(|part| part.trim().strip_prefix("charset="));
        if let Some(charset) = charset.map(|name| name.trim_matches(['"', ' ']))
            && !matches!(charset, "utf-8" | "utf8" | "us-ascii")
        {
            return Err(Fault::unreadable(format!("the charset `{charset}` is not read here; send UTF-8")));
        }
        match text(header::CONTENT_ENCODING).as_deref() {
            None | Some("" | "identity") => Ok(Self::Plain),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip),
            Some(other) => Err(Fault::unreadable(format!(
                "the content encoding `{other}` is not read here; send the body as it is, or packed with gzip"
            ))),
        }
    }

    fn unpack(self, bytes: Bytes) -> Result<Bytes, Fault> {
        let Self::Gzip = self else { return Ok(bytes) };
        let mut unpacked = Vec::new();
        let mut reader = MultiGzDecoder::new(&bytes[..]).take(MAX_BODY as u64 + 1);
        let read = reader.read_to_end(&mut unpacked);
        read.map_err(|error| Fault::unreadable(format!("the body is no gzip: {error}")))?;
        if unpacked.len() > MAX_BODY { Err(too_large()) } else { Ok(unpacked.into()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(length: usize) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&vec![b'x'; length]).unwrap();
        encoder.finish().unwrap().into()
    }

    #[tokio::test]
    async fn a_call_waits_until_there_is_room_to_parse_it() {
        let parsing = Arc::new(Semaphore::new(1));
        let taken = parsing.clone().acquire_owned().await.unwrap();
        let body = "<Envelope><Body><Account_databases/></Body></Envelope>";
        let call = tokio::spawn(read(Request::new(body.into()), parsing));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!call.is_finished());
        drop(taken);
        assert_eq!(call.await.unwrap().unwrap().1.name, "Account_databases");
    }

    #[test]
    fn a_packed_body_is_unpacked_up_to_the_limit() {
        assert_eq!(Encoding::Gzip.unpack(packed(MAX_BODY)).unwrap().len(), MAX_BODY);
        for (bytes, expected) in [
            (packed(MAX_BODY + 1), "larger than 16 MiB"),
            (packed(64 << 20), "larger than 16 MiB"),
            (packed(100).slice(..20), "no gzip"),
            (Bytes::from_static(b"<a/>"), "no gzip"),
        ] {
            let fault = Encoding::Gzip.unpack(bytes).unwrap_err();
            assert!(fault.message.contains(expected), "{fault:?}");
        }
    }
}
