use super::PayloadError;
use crate::wire::{is_token, trim_ows};

/// The syntaxes in which payloads are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    Json,
    Xml,
    Form,
}

impl Syntax {
    /// Reads a `Content-Type` (RFC 9110 section 8.3): the type in any case, parameters of which only `charset` has a
    /// meaning here.
    pub(super) fn of_content_type(value: &[u8]) -> Result<Self, PayloadError> {
        let unknown = || PayloadError::UnknownMediaType(value.into());
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        let (essence, parameters) = value.split_at(end);
        let syntax = match trim_ows(essence) {
            essence if essence.eq_ignore_ascii_case(b"application/json") => Self::Json,
            essence if essence.eq_ignore_ascii_case(b"application/xml") => Self::Xml,
            essence if essence.eq_ignore_ascii_case(b"text/xml") => Self::Xml,
            essence if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") => Self::Form,
            _ => return Err(unknown()),
        };
        let mut charset = None;
        let mut rest = parameters;
        while let [b';', tail @ ..] = rest {
            let parameter = Parameter::parse(tail).ok_or_else(unknown)?;
            if parameter.name.eq_ignore_ascii_case(b"charset") && charset.replace(parameter.value).is_some() {
                return Err(PayloadError::Duplicate("charset".into()));
            }
            rest = parameter.rest;
        }
        match charset {
            _ if !rest.is_empty() => Err(unknown()),
            None => Ok(syntax),
            Some(name) if name.eq_ignore_ascii_case(b"utf-8") || name.eq_ignore_ascii_case(b"us-ascii") => Ok(syntax),
            Some(other) => Err(PayloadError::Charset(other.into())),
        }
    }

    /// Judges by the first byte that is no white space.
    pub(super) fn of_shape(text: &str) -> Result<Self, PayloadError> {
        match text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes() {
            [b'{', ..] => Ok(Self::Json),
            [b'<', ..] => Ok(Self::Xml),
            [first, ..] if (first.is_ascii_alphabetic() || *first == b'%') && text.contains('=') => Ok(Self::Form),
            _ => Err(PayloadError::UnknownShape),
        }
    }
}

/// `name=value` or `name="value"`, without escapes, and what comes behind it.
struct Parameter<'a> {
    name: &'a [u8],
    value: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Parameter<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (name, text) = text.split_at_checked(memchr::memchr(b'=', text)?)?;
        let name = trim_ows(name);
        let (value, rest) = match text.strip_prefix(b"=")? {
            [b'"', quoted @ ..] => {
                let (value, rest) = quoted.split_at_checked(memchr::memchr(b'"', quoted)?)?;
                (value, trim_ows(rest.strip_prefix(b"\"")?))
            }
            text => {
                let (value, rest) = text.split_at_checked(memchr::memchr(b';', text).unwrap_or(text.len()))?;
                (trim_ows(value), rest)
            }
        };
        (is_token(name) && is_token(value)).then_some(Self { name, value, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_any_case_and_parameters() {
        for (value, expected) in [
            ("application/json", Ok(Syntax::Json)),
            ("Application/JSON; charset=UTF-8", Ok(Syntax::Json)),
            ("application/xml;charset=\"utf-8\"", Ok(Syntax::Xml)),
            ("text/xml ; version=1 ; charset=us-ascii", Ok(Syntax::Xml)),
            ("application/x-www-form-urlencoded\t;charset=utf-8", Ok(Syntax::Form)),
            ("application/json; charset=iso-8859-1", Err(PayloadError::Charset("iso-8859-1".into()))),
            ("application/json; charset=utf-16", Err(PayloadError::Charset("utf-16".into()))),
            ("application/json; charset=utf-8; charset=utf-8", Err(PayloadError::Duplicate("charset".into()))),
        ] {
            assert_eq!(Syntax::of_content_type(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn refuses_what_is_no_media_type_of_a_callback() {
        for value in [
            "",
            "json",
            "text/plain",
            "application/jsonx",
            "application/json, text/xml",
            "multipart/form-data; boundary=x",
            "application/json;",
            "application/json; charset",
            "application/json; charset=",
            "application/json; charset=\"utf-8",
            "application/json; charset=\"utf-8\" x",
            "application/json; =utf-8",
            "application/json; charset=utf 8",
        ] {
            let expected = Err(PayloadError::UnknownMediaType(value.into()));
            assert_eq!(Syntax::of_content_type(value.as_bytes()), expected, "{value}");
        }
    }
}
