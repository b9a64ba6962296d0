use std::io;

use super::*;

fn parse(text: &str) -> Result<Request<'_>, Unreadable> {
    Request::parse(text.as_bytes())
}

#[test]
fn keeps_every_header_line_and_every_byte_of_its_value() {
    let bytes =
        b"POST /a%2Fb?x=1+2 HTTP/1.1\r\nHost:  h \t\r\nhOST:\r\nX:\ta \t b\xff\x80;\"=\r\nhost: i\r\nContent-Length: 8\r\n\r\nbody\r\n\r\n";
    let request = Request::parse(bytes).unwrap();
    assert_eq!((request.method, request.target), ("POST", "/a%2Fb?x=1+2"));
    let expected = [
        Header::new("Host", b"h"),
        Header::new("hOST", b""),
        Header::new("X", b"a \t b\xff\x80;\"="),
        Header::new("host", b"i"),
        Header::new("Content-Length", b"8"),
    ];
    assert_eq!(request.headers, expected);
    assert_eq!(&*request.body, b"body\r\n\r\n");
}

#[test]
fn what_is_http_but_no_callback_is_left_to_the_checklist() {
    for line in
        ["get / HTTP/1.1", "POST * HTTP/1.1", "POST http://a/b HTTP/1.1", "POST /#f HTTP/1.1", "M-X /\u{e9} HTTP/1.1"]
    {
        let text = format!("{line}\r\n\r\n");
        let request = parse(&text).unwrap();
        assert_eq!(format!("{} {} HTTP/1.1", request.method, request.target), line);
    }
}

#[test]
fn finds_the_body_where_there_is_one_way_to() {
    for (headers, sent, body) in [
        ("", "", ""),
        ("Content-Length: 0\r\n", "", ""),
        ("Content-Length: 4\r\n", "wiki", "wiki"),
        ("content-length:4\r\n", "\r\n\r\n", "\r\n\r\n"),
        ("Content-Length: 4\r\nContent-Length: 4\r\n", "wiki", "wiki"),
        ("Content-Length: 4, 4\r\n", "wiki", "wiki"),
        ("Content-Length: 004\r\n", "wiki", "wiki"),
        ("Transfer-Encoding: chunked\r\n", "4\r\nwiki\r\n0\r\n\r\n", "wiki"),
        ("TRANSFER-encoding: Chunked \r\n", "0\r\n\r\n", ""),
    ] {
        let text = format!("POST / HTTP/1.1\r\n{headers}\r\n{sent}");
        assert_eq!(&*parse(&text).unwrap().body, body.as_bytes(), "{headers:?}");
    }
}

#[test]
fn refuses_bytes_that_no_length_tells_of() {
    // A server would see an empty body, and then another request.
    assert_eq!(parse("POST / HTTP/1.1\r\n\r\nbody").unwrap_err(), Unreadable::Unframed { got: 4 });
}

#[test]
fn a_repeated_content_length_reaches_the_checklist() {
    let request = parse("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx").unwrap();
    assert_eq!(request.headers.len(), 2);
}

#[test]
fn refuses_a_head_that_is_not_of_http_1_1() {
    use Unreadable as U;
    let version = |got: &str| U::Version { got: got.into() };
    for (text, error) in [
        ("", U::Empty),
        ("\r\nPOST / HTTP/1.1\r\n\r\n", U::EmptyLine),
        ("\nPOST / HTTP/1.1\r\n\r\n", U::EmptyLine),
        ("\u{feff}POST / HTTP/1.1\r\n\r\n", U::RequestLine),
        (" POST / HTTP/1.1\r\n\r\n", U::RequestLine),
        ("HTTP/1.1 200 OK\r\n\r\n", U::RequestLine),
        ("{\"id\":\"1\"}\r\n\r\n", U::RequestLine),
        ("POST /\r\n\r\n", U::RequestLine),
        ("POST  / HTTP/1.1\r\n\r\n", U::RequestLine),
        ("POST /  HTTP/1.1\r\n\r\n", U::RequestLine),
        ("POST\t/ HTTP/1.1\r\n\r\n", U::RequestLine),
        ("POST /a b HTTP/1.1\r\n\r\n", U::RequestLine),
        ("POST /a\0 HTTP/1.1\r\n\r\n", U::RequestLine),
        ("POST / HTTP/1.1 \r\n\r\n", U::RequestLine),
        ("POST / HTTP/1.10\r\n\r\n", U::RequestLine),
        ("POST / HTTP/1.0\r\n\r\n", version("HTTP/1.0")),
        ("POST / HTTP/2\r\n\r\n", version("HTTP/2")),
        ("POST / HTTP/2.0\r\n\r\n", version("HTTP/2.0")),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", version("HTTP/2.0")),
        ("POST / http/1.1\r\n\r\n", version("http/1.1")),
        ("POST / HTTP/1.1", U::HeadUnfinished),
        ("POST / HTTP/1.1\r\n", U::HeadUnfinished),
        ("POST / HTTP/1.1\r\nHost: h\r\n", U::HeadUnfinished),
        ("POST / HTTP/1.1\r\nHost: h\r\n\r", U::HeadUnfinished),
        ("POST / HTTP/1.1\n\n", U::BareLineFeed { line: 1 }),
        ("POST / HTTP/1.1\r\nHost: h\nDate: d\r\n\r\n", U::BareLineFeed { line: 2 }),
        ("POST / HTTP/1.1\r\nHost: h\r\n\nbody\r\n\r\n", U::BareLineFeed { line: 3 }),
        ("POST / HTTP/1.1\r\nHost: h\r\rDate: d\r\n\r\n", U::HeaderValue),
        ("POST / HTTP/1.1\r\nHost: h\rDate: d\r\n\r\n", U::HeaderValue),
        ("POST / HTTP/1.1\r\n\rHost: h\r\n\r\n", U::LineEnd),
        ("POST / HTTP/1.1\rHost: h\r\n\r\n", U::RequestLine),
        ("POST / HTTP/1.1\r\nHost: a\0b\r\n\r\n", U::HeaderValue),
        ("POST / HTTP/1.1\r\nHost: a\x0bb\r\n\r\n", U::HeaderValue),
        ("POST / HTTP/1.1\r\nHost: a\x7f\r\n\r\n", U::HeaderValue),
        ("POST / HTTP/1.1\r\nHost : h\r\n\r\n", U::HeaderName),
        ("POST / HTTP/1.1\r\nHost\t: h\r\n\r\n", U::HeaderName),
        ("POST / HTTP/1.1\r\n Host: h\r\n\r\n", U::HeaderName),
        ("POST / HTTP/1.1\r\nSignature: a,\r\n b\r\n\r\n", U::HeaderName),
        ("POST / HTTP/1.1\r\nSignature: a,\r\n\tb\r\n\r\n", U::HeaderName),
        ("POST / HTTP/1.1\r\n: h\r\n\r\n", U::HeaderName),
        ("POST / HTTP/1.1\r\nHost\r\n\r\n", U::HeaderName),
        ("POST / HTTP/1.1\r\nHo\u{17f}t: h\r\n\r\n", U::HeaderName),
    ] {
        assert_eq!(parse(text), Err(error), "{text:?}");
    }
}

#[test]
fn refuses_a_target_that_is_no_text() {
    assert_eq!(Request::parse(b"POST /\xff HTTP/1.1\r\n\r\n"), Err(Unreadable::RequestLine));
}

#[test]
fn refuses_a_body_that_two_servers_could_read_in_two_ways() {
    use Unreadable as U;
    let malformed = |got: &str| U::ContentLength { got: got.into() };
    let coding = |got: &str| U::TransferCoding { got: got.into() };
    for (headers, body, error) in [
        ("Content-Length: 5\r\n", "wiki", U::BodyTooShort { declared: 5, got: 4 }),
        ("Content-Length: 4\r\n", "", U::BodyTooShort { declared: 4, got: 0 }),
        ("Content-Length: 18446744073709551615\r\n", "", U::BodyTooShort { declared: u64::MAX, got: 0 }),
        ("Content-Length: 3\r\n", "wiki", U::BodyTooLong { declared: 3, got: 4, newline: false }),
        ("Content-Length: 4\r\n", "wiki\n", U::BodyTooLong { declared: 4, got: 5, newline: true }),
        ("Content-Length: 4\r\n", "wiki\r\n", U::BodyTooLong { declared: 4, got: 6, newline: true }),
        ("Content-Length: 4\r\n", "wiki!\n", U::BodyTooLong { declared: 4, got: 6, newline: false }),
        ("Content-Length: 0\r\n", "POST / HTTP/1.1\r\n", U::BodyTooLong { declared: 0, got: 17, newline: false }),
        ("Content-Length: 4\r\ncontent-length: 0\r\n", "wiki", U::ContentLengthDiffers { first: 4, second: 0 }),
        ("Content-Length: 0\r\nContent-Length: 4\r\n", "wiki", U::ContentLengthDiffers { first: 0, second: 4 }),
        ("Content-Length: 4, 5\r\n", "wiki", U::ContentLengthDiffers { first: 4, second: 5 }),
        ("Content-Length: \r\n", "wiki", malformed("")),
        ("Content-Length: 4,\r\n", "wiki", malformed("4,")),
        ("Content-Length: +4\r\n", "wiki", malformed("+4")),
        ("Content-Length: -4\r\n", "wiki", malformed("-4")),
        ("Content-Length: 4.0\r\n", "wiki", malformed("4.0")),
        ("Content-Length: 0x4\r\n", "wiki", malformed("0x4")),
        ("Content-Length: 4 4\r\n", "wiki", malformed("4 4")),
        ("Content-Length: 18446744073709551616\r\n", "wiki", malformed("18446744073709551616")),
        ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "wiki", U::TwoFramings),
        ("Transfer-Encoding: chunked\r\nContent-Length: 14\r\n", "4\r\nwiki\r\n0\r\n\r\n", U::TwoFramings),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", U::TransferCodingRepeated),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n", U::TransferCodingRepeated),
        ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", coding("gzip, chunked")),
        ("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n", coding("chunked, chunked")),
        ("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n", coding("chunked;q=1")),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", coding("xchunked")),
        ("Transfer-Encoding: identity\r\n", "wiki", coding("identity")),
        ("Transfer-Encoding:\r\n", "wiki", coding("")),
        ("Transfer-Encoding: chunked\r\n", "wiki", U::Chunked(ChunkedError::Size)),
        ("Transfer-Encoding: chunked\r\n", "", U::Chunked(ChunkedError::Unfinished)),
    ] {
        let text = format!("POST / HTTP/1.1\r\n{headers}\r\n{body}");
        assert_eq!(parse(&text), Err(error), "{headers:?}");
    }
}

#[test]
fn bounds_the_number_of_header_lines() {
    let with = |count: usize| format!("POST / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(count));
    assert_eq!(parse(&with(MAX_HEADER_LINES)).unwrap().headers.len(), MAX_HEADER_LINES);
    assert_eq!(parse(&with(MAX_HEADER_LINES + 1)), Err(Unreadable::TooManyHeaders));
}

#[test]
fn bounds_the_input() {
    assert_eq!(read_bounded(&b"wiki"[..], 4).unwrap().as_deref(), Some(&b"wiki"[..]));
    assert_eq!(read_bounded(&b"wiki!"[..], 4).unwrap(), None);
    assert_eq!(read_bounded(io::repeat(b'a'), 4).unwrap(), None);
}
