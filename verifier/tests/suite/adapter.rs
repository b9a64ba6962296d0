//! Requests of the `http` crate, as a server hands them over.

use callback_verifier::{Rejection, RequestHead};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Uri, Version};

use crate::support::{Forge, HOST, Message, block_on, now};

/// What a server of the `http` crate makes of a message. The `Host` goes where this version of HTTP has it.
fn parts(message: &Message, uri: &str, version: Version) -> Parts {
    let request = Request::builder().method(message.method.as_str()).uri(uri).version(version);
    let mut parts = request.body(()).unwrap().into_parts().0;
    for (name, value) in &message.headers {
        parts.headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
    parts
}

fn verdict(parts: &Parts, body: &[u8]) -> Result<(), Rejection> {
    let keys =
        callback_verifier::PinnedKeys::new().with_every_name(crate::support::keys::A.private.public_key().clone());
    let verifier = callback_verifier::Verifier::builder(crate::support::ACCOUNT).host(HOST).keys(keys).build().unwrap();
    block_on(verifier.verify(&RequestHead::from(parts), body, now())).map(drop)
}

#[test]
fn takes_a_request_of_http_1_in_origin_form() {
    let message = Forge::documented().add("X-List", "a").add("X-List", "b").covering_also("X-list").sign();
    for version in [Version::HTTP_10, Version::HTTP_11] {
        assert_eq!(verdict(&parts(&message, &message.target, version), &message.body), Ok(()), "{version:?}");
    }
}

#[test]
fn keeps_the_target_as_it_came_in() {
    for target in ["/a?", "/a?b=%7E&c=~", "//a//b", "/a/../b", "/?"] {
        let message = Forge::new().target(target).sign();
        assert_eq!(verdict(&parts(&message, target, Version::HTTP_11), &message.body), Ok(()), "{target}");
    }
}

#[test]
fn refuses_an_absolute_target_of_http_1() {
    let message = Forge::new().sign();
    for authority in [HOST, "other.example"] {
        let parts = parts(&message, &format!("http://{authority}{}", message.target), Version::HTTP_11);
        let malformed = Rejection::TargetMalformed { got: "".into() };
        assert_eq!(verdict(&parts, &message.body), Err(malformed), "{authority}");
    }
}

#[test]
fn refuses_a_target_that_is_no_path() {
    let message = Forge::new().sign();
    let mut asterisk = parts(&message, "/", Version::HTTP_11);
    asterisk.uri = Uri::from_static("*");
    assert_eq!(verdict(&asterisk, &message.body), Err(Rejection::TargetMalformed { got: "*".into() }));
    let mut connect = parts(&message, "/", Version::HTTP_11);
    connect.uri = Uri::from_static("hooks.example.com:443");
    assert_eq!(verdict(&connect, &message.body), Err(Rejection::TargetMalformed { got: "".into() }));
}

#[test]
fn the_authority_of_http_2_stands_for_host() {
    let message = Forge::new().sign();
    let uri = format!("https://{HOST}{}", message.target);
    for version in [Version::HTTP_2, Version::HTTP_3] {
        let without_host = message.clone().without("Host");
        assert_eq!(verdict(&parts(&without_host, &uri, version), &message.body), Ok(()), "{version:?}");
        assert_eq!(verdict(&parts(&message, &uri, version), &message.body), Ok(()), "{version:?} with both");
    }
}

#[test]
fn refuses_an_authority_that_is_not_the_host() {
    let message = Forge::new().sign();
    let uri = format!("https://other.example{}", message.target);
    let disagrees = Rejection::AuthorityDisagrees { authority: "other.example".into(), host: HOST.into() };
    assert_eq!(verdict(&parts(&message, &uri, Version::HTTP_2), &message.body), Err(disagrees));
    let alone = message.clone().without("Host");
    let wrong = Rejection::WrongHost { got: "other.example".into(), expected: HOST.into() };
    assert_eq!(verdict(&parts(&alone, &uri, Version::HTTP_2), &message.body), Err(wrong));
}

#[test]
fn a_missing_host_is_missing() {
    let message = Forge::new().sign().without("Host");
    let missing = Rejection::HeaderMissing { name: "host".into() };
    assert_eq!(verdict(&parts(&message, &message.target, Version::HTTP_11), &message.body), Err(missing));
}
