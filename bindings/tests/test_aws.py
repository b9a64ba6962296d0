"""Events of AWS, in the form that its documentation gives them."""

import base64
from datetime import datetime, timezone
from typing import Any

import pytest
from publisher import BODY, HOST, Callback, Key, Request

from callback_verifier import Verified, Verifier
from callback_verifier.aws import handle


def signed(key: Key, nonce: str, target: str = "/hook?x=1&y=%7E") -> Request:
    return Callback(target=target, date=datetime.now(timezone.utc), extra={"X-Nonce": nonce}).sign(key)


def version_2(request: Request, **changes: Any) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in request.headers},
        "requestContext": {"http": {"method": request.method}},
        "body": base64.b64encode(request.body).decode(),
        "isBase64Encoded": True,
        **changes,
    }


def version_1(request: Request, **changes: Any) -> dict[str, Any]:
    return {
        "httpMethod": request.method,
        "path": request.target,
        "headers": dict(request.headers),
        "multiValueHeaders": {name: [value] for name, value in request.headers},
        "multiValueQueryStringParameters": None,
        "body": request.body.decode(),
        "isBase64Encoded": False,
        **changes,
    }


@pytest.fixture
def verifier_(key: Key) -> Verifier:
    return Verifier(1234, [HOST], key_pem=key.pem, require_https=True)


def test_a_genuine_event_is_handled_once(key: Key, verifier_: Verifier) -> None:
    for event in (version_2(signed(key, "two")), version_1(signed(key, "one", "/hook"))):
        handled: list[Verified] = []
        assert handle(verifier_, event, handled.append) == {"statusCode": 200, "body": "ok"}
        assert [evidence.body for evidence in handled] == [BODY]
        assert handle(verifier_, event, handled.append)["statusCode"] == 409
        assert len(handled) == 1


def test_what_was_not_handled_may_come_again(key: Key, verifier_: Verifier) -> None:
    event = version_2(signed(key, "again"))

    def fails(_: Verified) -> None:
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            handle(verifier_, event, fails)
    assert handle(verifier_, event, lambda _: None)["statusCode"] == 200


def test_forgeries_are_refused(key: Key, verifier_: Verifier) -> None:
    request = signed(key, "forged")
    for event in (
        version_2(request, body=base64.b64encode(BODY.replace(b"Mike", b"Nick")).decode()),
        version_2(request, rawQueryString="x=2"),
        version_2(request, headers={}),
    ):
        made = handle(verifier_, event, lambda _: pytest.fail("it was handed out"))
        assert (made["statusCode"], made["body"]) == (401, "not authentic\n")


def test_events_that_do_not_tell_the_target_are_errors(key: Key, verifier_: Verifier) -> None:
    with_query = version_1(signed(key, "query", "/hook"), multiValueQueryStringParameters={"x": ["1"]})
    for event, message in (
        (with_query, "payload version 1.0 tell a decoded query"),
        (version_2(signed(key, "path", "/caf%C3%A9"), rawPath="/caf\xe9"), "may have stood differently"),
        (version_2(signed(key, "blank", "/a%20b"), rawPath="/a b"), "may have stood differently"),
        ({"Records": []}, "no event of API Gateway"),
    ):
        with pytest.raises(RuntimeError, match=message):
            handle(verifier_, event, lambda _: None)
