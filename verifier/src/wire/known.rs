use super::covered::REQUEST_TARGET;
use super::{RequestHead, trim_ows};

/// The headers that the checklist knows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KnownHeader {
    RequestTarget,
    Host,
    Date,
    Digest,
    AccountId,
    Nonce,
    ContentType,
    ContentLength,
    Signature,
    Authorization,
}

const COUNT: usize = 10;

impl KnownHeader {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::RequestTarget => REQUEST_TARGET,
            Self::Host => "host",
            Self::Date => "date",
            Self::Digest => "digest",
            Self::AccountId => "x-copernica-id",
            Self::Nonce => "x-nonce",
            Self::ContentType => "content-type",
            Self::ContentLength => "content-length",
            Self::Signature => "signature",
            Self::Authorization => "authorization",
        }
    }

    /// Recognises a name in any case. The length leaves at most two to compare with.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let candidates: &[Self] = match name.len() {
            4 => &[Self::Host, Self::Date],
            6 => &[Self::Digest],
            7 => &[Self::Nonce],
            9 => &[Self::Signature],
            12 => &[Self::ContentType],
            13 => &[Self::Authorization],
            14 => &[Self::AccountId, Self::ContentLength],
            16 => &[Self::RequestTarget],
            _ => return None,
        };
        candidates.iter().copied().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of known headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KnownSet(u16);

impl KnownSet {
    pub(crate) fn insert(&mut self, known: KnownHeader) {
        self.0 |= known.bit();
    }

    pub(crate) const fn contains(self, known: KnownHeader) -> bool {
        self.0 & known.bit() != 0
    }
}

/// The known headers of one request, found in a single pass over its lines.
#[derive(Debug)]
pub(crate) struct KnownHeaders<'a> {
    first: [Option<&'a [u8]>; COUNT],
    repeated: KnownSet,
}

impl<'a> KnownHeaders<'a> {
    pub(crate) fn of(head: &RequestHead<'a>) -> Self {
        let mut found = Self { first: [None; COUNT], repeated: KnownSet::default() };
        for header in head.headers() {
            if let Some(known) = KnownHeader::of(header.name) {
                let slot = &mut found.first[known as usize];
                match slot {
                    None => *slot = Some(trim_ows(header.value)),
                    Some(_) => found.repeated.insert(known),
                }
            }
        }
        found
    }

    /// The value of the first instance, without white space at its ends.
    pub(crate) fn get(&self, known: KnownHeader) -> Option<&'a [u8]> {
        self.first[known as usize]
    }

    pub(crate) fn is_repeated(&self, known: KnownHeader) -> bool {
        self.repeated.contains(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_header_is_recognised_in_any_case() {
        use KnownHeader::*;
        for known in
            [RequestTarget, Host, Date, Digest, AccountId, Nonce, ContentType, ContentLength, Signature, Authorization]
        {
            assert_eq!(KnownHeader::of(&known.name().to_ascii_uppercase()), Some(known));
            assert!((known as usize) < COUNT);
        }
        assert_eq!(KnownHeader::of("x-forwarded-for"), None);
        // U+212A KELVIN SIGN lower-cases to `k` in Unicode; header names are ASCII.
        assert_eq!(KnownHeader::of("hos\u{212a}"), None);
    }
}
