use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

use crate::rejection::Rejection;
use crate::verified::BodyVerifier;

/// Reads a body to its end while the verifier looks at it.
///
/// What is kept of it grows with what has come, not with what `Content-Length` says.
///
/// Both are lent, because a future keeps room for each place that a value is moved to.
pub(super) async fn read<B>(
    verifier: &mut BodyVerifier,
    body: Pin<&mut B>,
    deadline: Duration,
) -> Result<Bytes, Rejection>
where
    B: Body<Data = Bytes>,
{
    let mut reading = pin!(read_all(verifier, body));
    // Most bodies have come together with their heads, and need no timer.
    if let Poll::Ready(read) = poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await {
        return read;
    }
    let too_slow = |_| Rejection::BodyTooSlow { limit: deadline.as_secs() };
    tokio::time::timeout(deadline, reading).await.map_err(too_slow)?
}

async fn read_all<B>(verifier: &mut BodyVerifier, mut body: Pin<&mut B>) -> Result<Bytes, Rejection>
where
    B: Body<Data = Bytes>,
{
    let mut kept = Kept::Nothing;
    while let Some(frame) = body.frame().await {
        // Trailers are neither signed nor passed on.
        if let Ok(data) = frame.map_err(|_| Rejection::BodyUnreadable)?.into_data() {
            verifier.update(&data)?;
            kept = kept.with(data);
        }
        // Known from `Content-Length`: a wait for the end that has come already would cost a turn of the server.
        if body.is_end_stream() {
            break;
        }
    }
    Ok(kept.into_bytes())
}

/// What has come so far. Most bodies come in one part, which need not be copied.
enum Kept {
    Nothing,
    One(Bytes),
    Several(BytesMut),
}

impl Kept {
    fn with(self, data: Bytes) -> Self {
        match self {
            Self::Nothing => Self::One(data),
            Self::One(first) => {
                let mut both = BytesMut::with_capacity(first.len() + data.len());
                both.extend_from_slice(&first);
                both.extend_from_slice(&data);
                Self::Several(both)
            }
            Self::Several(mut several) => {
                several.extend_from_slice(&data);
                Self::Several(several)
            }
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Several(bytes) => bytes.freeze(),
        }
    }
}
