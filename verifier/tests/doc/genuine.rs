// What the examples of the documentation share, behind a hidden `include!`: a genuine request, and what its receiver
// needs. No `use` stands here, so that an example can have its own.
//
// The key is `tests/keys/rsa-2048-a.pem`. Its signatures are always the same (RFC 8017 section 8.2), so this one is written
// down, and the examples need no feature `sign`.

/// The name of the publisher's key.
const KEY_ID: &str = "2026-11._domainkey.copernica.com";

/// The TXT record of that name.
const RECORD: &str = "v=DKIM1;k=rsa;p=\
     MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAogxLsq5rnzthpiX6bbMW1/v/quRrnXXX58R9sJJFD+8xZN2fHcEN\
     70kJhhRpI4uhR7DlJN6kPXW4p/DO/BSejxbI7BoIk7nBtSFCqTA59vYZKxxxGwFit3qRhKFYFQ0JEwBu6yJcqgmaE/tUExCS\
     UZK9KCjgDwgT2jXsmpW1afDfOyWfX0HIvGRQEMvZ1ELOuiaSeMB9o09vfEHswUQQUN/k8oTdaa3kVpdv9ApOPsyyOJpC0Y8J\
     b2pJSIRvVnvI1Suf6qXllawIUoi0DrGX3Ji6yOjVEK3vAj9hfYMBvanaLhT5CCl5FBdkEkBls4ClXbAxeGahEAZidf48Vzud\
     DwIDAQAB";

const SIGNATURE: &str = "keyId=\"2026-11._domainkey.copernica.com\",algorithm=\"rsa-sha256\",\
     headers=\"(request-target) host date content-length content-type x-copernica-id digest x-nonce\",signature=\"\
     ULb5Z830RrBWUXp32UL7vU+zTAp9Jpzckr7I+wP5nUoGMqFW/DqhkHNmIJSJPkC34OV678Cq0yAx+6iSkzPyIZ0vgMK8EiqJ\
     90Gml/ZpiH5121IFWrS8exu6MktqhqVUGzfQfuklXLSuwI2Nue6gtmCCjnwDlD/fqqceqd5hCzCIE9JxVO6I7agDK6dqeJ3F\
     xM+CU6Q5CwgdwWEC2yyxcSS3tz3Q8fSFs20A7Q5HY9w7fz26veQOQAwo3KLpWQEfBaasQIBse4jUWcRLnTy/Qf2iU+hqX1PW\
     oQyLkTuuOu0geQHnKNUl9M6N40RMFZCXC7Tsj7laUlgaO3FhalkrFg==\"";

/// The request's header lines.
const HEADERS: [callback_verifier::Header<'static>; 8] = [
    callback_verifier::Header::new("Host", b"hooks.example.com"),
    callback_verifier::Header::new("Date", b"Mon, 23 Nov 2026 08:15:00 GMT"),
    callback_verifier::Header::new("Content-Type", b"application/json"),
    callback_verifier::Header::new("Content-Length", b"78"),
    callback_verifier::Header::new("X-Copernica-ID", b"account_1234"),
    callback_verifier::Header::new("Digest", b"sha-256=QQVC6e15+qyvEiC/GzW4Qc4qTFkaECHk05KZHYHCmVQ="),
    callback_verifier::Header::new("X-Nonce", b"fsd9f2k4m7q1"),
    callback_verifier::Header::new("Signature", SIGNATURE.as_bytes()),
];

const BODY: &[u8] = br#"{"id":"123","action":"update","fields":{"name":"Mike"},"interests":["tennis"]}"#;

/// The request's head.
fn head() -> callback_verifier::RequestHead<'static> {
    callback_verifier::RequestHead::new("POST", "/crm/hook", &HEADERS)
}

/// The receiver's clock: two seconds after the request's `Date`.
fn now() -> std::time::SystemTime {
    std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_795_421_702)
}

/// The publisher's key.
fn key() -> callback_verifier::PublicKey {
    callback_verifier::key::KeyRecord::parse(RECORD.as_bytes()).unwrap().key
}

/// The same as a PEM file.
fn pem() -> String {
    let base64 = RECORD.split("p=").last().unwrap();
    format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n")
}

/// The private half.
#[cfg(feature = "sign")]
const PRIVATE_PEM: &str = include_str!("../keys/rsa-2048-a.pem");

/// The publisher's key under its name, without DNS.
fn keys() -> callback_verifier::PinnedKeys {
    callback_verifier::PinnedKeys::new().with(KEY_ID.parse().unwrap(), key()).unwrap()
}

/// A receiver that takes the request.
fn verifier() -> callback_verifier::Verifier {
    callback_verifier::Verifier::builder(1234).host("hooks.example.com").keys(keys()).build().unwrap()
}

/// The request as a server on the `http` crate hands it over.
#[cfg(feature = "tower")]
fn request() -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let lines =
        HEADERS.iter().fold(http::Request::post("/crm/hook"), |lines, line| lines.header(line.name, line.value));
    lines.body(bytes::Bytes::from_static(BODY).into()).unwrap()
}

/// A handler behind the layer.
#[cfg(feature = "tower")]
async fn handle(
    _: http::Request<http_body_util::Full<bytes::Bytes>>,
) -> Result<http::Response<String>, std::convert::Infallible> {
    Ok(http::Response::default())
}
