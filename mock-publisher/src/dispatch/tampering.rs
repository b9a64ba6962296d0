//! Faults on the wire: what is different about a request before it is signed, and what is changed afterwards.

use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::emit::SignedRequest;
use crate::faults::{FaultKind, SentHeader, Touch};

/// What a request is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) account: u64,
    pub(super) date: SystemTime,
    /// Whether the key is one that nobody has published.
    pub(super) is_strangers: bool,
}

impl Claims {
    pub(super) fn touched(mut self, touches: &[Touch]) -> Self {
        for touch in touches {
            match touch.kind {
                FaultKind::StaleDate { seconds } => self.date -= Duration::from_secs(seconds.into()),
                FaultKind::FutureDate { seconds } => self.date += Duration::from_secs(seconds.into()),
                FaultKind::WrongKey => self.is_strangers = true,
                FaultKind::WrongAccount { account } => self.account = account,
                _ => {}
            }
        }
        self
    }
}

/// Changes a request that was signed.
pub(super) fn tamper(request: &mut SignedRequest, touches: &[Touch]) {
    for touch in touches {
        match touch.kind {
            FaultKind::TamperedBody => {
                request.body = one_character_off(&request.body, touch.luck);
            }
            FaultKind::TamperedHeader { header } => {
                for (_, value) in named(request, header) {
                    *value = String::from_utf8_lossy(&one_character_off(value.as_bytes(), touch.luck)).into_owned();
                }
            }
            FaultKind::DroppedHeader { header } => drop_header(request, header),
            FaultKind::DuplicatedHeader { header } => {
                let twice: Vec<_> = named(request, header).map(|header| header.clone()).collect();
                request.headers.extend(twice);
            }
            FaultKind::Unsigned => drop_header(request, SentHeader::Signature),
            _ => {}
        }
    }
}

fn named(
    request: &mut SignedRequest,
    header: SentHeader,
) -> impl Iterator<Item = &mut (std::borrow::Cow<'static, str>, String)> {
    request.headers.iter_mut().filter(move |(name, _)| name.eq_ignore_ascii_case(header.name()))
}

fn drop_header(request: &mut SignedRequest, header: SentHeader) {
    request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(header.name()));
}

/// The same with another letter or digit in one place. What has neither gets a space more, for an empty body must differ too.
fn one_character_off(bytes: &[u8], luck: u64) -> Bytes {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place].is_ascii_alphanumeric()).collect();
    match places.get((luck % places.len().max(1) as u64) as usize) {
        Some(place) => {
            bytes[*place] = match bytes[*place] {
                b'9' => b'8',
                b'z' => b'y',
                b'Z' => b'Y',
                other => other + 1,
            };
        }
        None => bytes.push(b' '),
    }
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_is_another_one_and_the_rest_stays() {
        let body = br#"{"id":"1","action":"create"}"#;
        for luck in 0..100 {
            let tampered = one_character_off(body, luck);
            let different = body.iter().zip(&tampered).filter(|(before, after)| before != after).count();
            assert_eq!((tampered.len(), different), (body.len(), 1), "{tampered:?}");
        }
        assert_ne!(one_character_off(body, 1), one_character_off(body, 2));
        assert_eq!(one_character_off(b"", 7), " ");
        assert_eq!(one_character_off(b"9", 7), "8");
    }
}
