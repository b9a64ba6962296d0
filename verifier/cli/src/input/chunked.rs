//! The body of a request with `Transfer-Encoding: chunked` (RFC 9112 section 7.1), read strictly: no chunk extensions, no
//! trailer fields, every line ended by CRLF. Nobody who sends callbacks needs those, and servers differ about them.

/// The bytes are no chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChunkedError {
    #[error("the chunked body ends before its last chunk")]
    Unfinished,
    #[error("a chunk size is not 1 to {MAX_SIZE_DIGITS} hexadecimal digits and CRLF (chunk extensions are not read)")]
    Size,
    #[error("a chunk is longer or shorter than its size says")]
    Length,
    #[error("the last chunk is followed by something else than CRLF (trailer fields are not read)")]
    AfterLast,
}

/// Eight digits are 4 GiB, more than is ever read.
const MAX_SIZE_DIGITS: usize = 8;

/// Decodes a whole body: chunks, the last chunk, and nothing behind it.
pub(crate) fn decode(mut rest: &[u8]) -> Result<Vec<u8>, ChunkedError> {
    let mut body = Vec::with_capacity(rest.len());
    loop {
        let (size, data) = chunk_size(rest)?;
        if size == 0 {
            return match data {
                b"\r\n" => Ok(body),
                b"" | b"\r" => Err(ChunkedError::Unfinished),
                _ => Err(ChunkedError::AfterLast),
            };
        }
        let (chunk, after) = data.split_at_checked(size).ok_or(ChunkedError::Unfinished)?;
        body.extend_from_slice(chunk);
        rest = match after {
            [b'\r', b'\n', rest @ ..] => rest,
            [] | [b'\r'] => return Err(ChunkedError::Unfinished),
            _ => return Err(ChunkedError::Length),
        };
    }
}

/// The size of the next chunk, and what follows its line.
fn chunk_size(rest: &[u8]) -> Result<(usize, &[u8]), ChunkedError> {
    let digits = rest.iter().take_while(|b| b.is_ascii_hexdigit()).take(MAX_SIZE_DIGITS + 1).count();
    let (digits, after) = rest.split_at(digits);
    let data = match after {
        [] | [b'\r'] if digits.len() <= MAX_SIZE_DIGITS => return Err(ChunkedError::Unfinished),
        [b'\r', b'\n', data @ ..] if (1..=MAX_SIZE_DIGITS).contains(&digits.len()) => data,
        _ => return Err(ChunkedError::Size),
    };
    let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
    Ok((size.ok_or(ChunkedError::Size)?, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_chunks_of_any_size() {
        for (encoded, body) in [
            (&b"0\r\n\r\n"[..], &b""[..]),
            (b"00000000\r\n\r\n", b""),
            (b"4\r\nwiki\r\n0\r\n\r\n", b"wiki"),
            (b"4\r\nwiki\r\nA\r\n\r\n0123456\r\r\n0\r\n\r\n", b"wiki\r\n0123456\r"),
            (b"0a\r\n0123456789\r\n000\r\n\r\n", b"0123456789"),
        ] {
            assert_eq!(decode(encoded).as_deref(), Ok(body), "{}", encoded.escape_ascii());
        }
    }

    #[test]
    fn refuses_what_servers_read_in_different_ways() {
        use ChunkedError::{AfterLast, Length, Size, Unfinished};
        for (encoded, error) in [
            (&b""[..], Unfinished),
            (b"4", Unfinished),
            (b"4\r", Unfinished),
            (b"4\r\nwik", Unfinished),
            (b"4\r\nwiki", Unfinished),
            (b"4\r\nwiki\r", Unfinished),
            (b"4\r\nwiki\r\n", Unfinished),
            (b"4\r\nwiki\r\n0\r\n", Unfinished),
            (b"4\r\nwiki\r\n0\r\n\r", Unfinished),
            (b"\r\n", Size),
            (b"4\nwiki\n0\n\n", Size),
            (b"4 \r\nwiki\r\n0\r\n\r\n", Size),
            (b" 4\r\nwiki\r\n0\r\n\r\n", Size),
            (b"+4\r\nwiki\r\n0\r\n\r\n", Size),
            (b"-4\r\nwiki\r\n0\r\n\r\n", Size),
            (b"0x4\r\nwiki\r\n0\r\n\r\n", Size),
            (b"4;a=b\r\nwiki\r\n0\r\n\r\n", Size),
            (b"4\r\nwiki\r\n0;a\r\n\r\n", Size),
            (b"g\r\nwiki\r\n0\r\n\r\n", Size),
            (b"000000004\r\nwiki\r\n0\r\n\r\n", Size),
            (b"10000000000000004\r\nwiki\r\n0\r\n\r\n", Size),
            (b"ffffffff\r\nwiki\r\n0\r\n\r\n", Unfinished),
            (b"3\r\nwiki\r\n0\r\n\r\n", Length),
            (b"4\r\nwiki\n0\r\n\r\n", Length),
            (b"4\r\nwiki\r\n0\r\nX-Nonce: 1\r\n\r\n", AfterLast),
            (b"0\r\n\r\n\n", AfterLast),
            (b"0\r\n\r\nPOST / HTTP/1.1\r\n", AfterLast),
        ] {
            assert_eq!(decode(encoded), Err(error), "{}", encoded.escape_ascii());
        }
    }
}
