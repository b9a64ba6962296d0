use super::{RequestHead, trim_ows};

/// The pseudo-header that stands for the method and the request target.
pub(crate) const REQUEST_TARGET: &str = "(request-target)";

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
    /// The name in lower case.
    pub(crate) fn name(self) -> &'static str {
        let start = self.line_start();
        &start[..start.len() - 2]
    }

    /// How its line of the signing string begins: the name in lower case, a colon, and a blank.
    pub(crate) const fn line_start(self) -> &'static str {
        match self {
            Self::RequestTarget => "(request-target): ",
            Self::Host => "host: ",
            Self::Date => "date: ",
            Self::Digest => "digest: ",
            Self::AccountId => "x-copernica-id: ",
            Self::Nonce => "x-nonce: ",
            Self::ContentType => "content-type: ",
            Self::ContentLength => "content-length: ",
            Self::Signature => "signature: ",
            Self::Authorization => "authorization: ",
        }
    }

    /// Recognises a name in any case.
    #[inline]
    pub(crate) fn of(name: &str) -> Option<Self> {
        // Names that are in lower case already, as most servers hand them over, need no copy.
        Self::of_lower_case(name.as_bytes()).or_else(|| {
            let mut room = [0; REQUEST_TARGET.len()];
            let lower = room.get_mut(..name.len())?;
            lower.copy_from_slice(name.as_bytes());
            lower.make_ascii_lowercase();
            Self::of_lower_case(lower)
        })
    }

    /// Compiled to a jump by length and comparisons of whole words.
    #[inline]
    fn of_lower_case(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"(request-target)" => Self::RequestTarget,
            b"host" => Self::Host,
            b"date" => Self::Date,
            b"digest" => Self::Digest,
            b"x-copernica-id" => Self::AccountId,
            b"x-nonce" => Self::Nonce,
            b"content-type" => Self::ContentType,
            b"content-length" => Self::ContentLength,
            b"signature" => Self::Signature,
            b"authorization" => Self::Authorization,
            _ => return None,
        })
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of known headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KnownSet(u16);

impl KnownSet {
    /// `false` if it was in the set already.
    pub(crate) fn insert(&mut self, known: KnownHeader) -> bool {
        let is_new = !self.contains(known);
        self.0 |= known.bit();
        is_new
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
                    Some(_) => {
                        found.repeated.insert(known);
                    }
                }
            }
        }
        found
    }

    /// The value of the first instance, without white space at its ends.
    pub(crate) fn get(&self, known: KnownHeader) -> Option<&'a [u8]> {
        self.first[known as usize]
    }

    /// The same, if there is no second instance.
    pub(crate) fn only(&self, known: KnownHeader) -> Option<&'a [u8]> {
        self.get(known).filter(|_| !self.is_repeated(known))
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
