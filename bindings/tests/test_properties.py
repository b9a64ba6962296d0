"""Whatever comes in, only documented exceptions come out. (A panic in Rust would be an exception that none of these catches.)"""

import asyncio
import base64
import io
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from publisher import HOST, SIGNED_AT

from callback_verifier import Callback, PayloadError, Rejected, Verified, Verifier, asgi, aws, wsgi
from callback_verifier._native import command_line
from callback_verifier.testing import PrivateKey, SignedCallback, signed_callback, signing_key
from callback_verifier.testing._http import BadRequest, Request

settings.register_profile(
    "bindings", deadline=None, database=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("bindings")

RECEIVER = Verifier(1234, [HOST], key_pem=signing_key().public_pem)
GENUINE = signed_callback(f"https://{HOST}/hook?x=1", date=SIGNED_AT)
NAMES = [name for name, _ in GENUINE.headers]

anything: "st.SearchStrategy[Any]" = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
text = st.text(max_size=60)
names = st.sampled_from([*NAMES, "X-Name", "Authorization"]) | text
values = st.sampled_from([value for _, value in GENUINE.headers]) | text | st.binary(max_size=80)
lines = st.lists(st.tuples(names, values), max_size=15)
bodies = st.just(GENUINE.body) | st.binary(max_size=200)
targets = st.just(GENUINE.target) | text
methods = st.just("POST") | text


@st.composite
def near_misses(draw: st.DrawFn) -> SignedCallback:
    """A genuine request of which something may be different."""
    request = signed_callback(
        f"https://{HOST}/hook?x=1",
        body=draw(st.none() | bodies),
        nonce=draw(st.sampled_from(["n1", "", "\xff", "n" * 300])),
        date=SIGNED_AT,
        account=draw(st.sampled_from([1234, 0, 2**64])),
    )
    name = draw(st.sampled_from(NAMES))
    value = next(value for known, value in request.headers if known == name)
    at, byte = draw(st.integers(0, len(value))), draw(st.sampled_from(["", "\0", ",", '"', "=", " ", "\xff", "a"]))
    change = draw(st.sampled_from(["none", "changed", "missing", "twice", "body"]))
    if change == "changed":
        return request.with_header(name, value[:at] + byte + value[at + 1 :])
    if change == "missing":
        return request.without_header(name)
    if change == "twice":
        return request.but(headers=[*request.headers, (name, value)])
    return request.but(body=draw(bodies)) if change == "body" else request


def judged(method: Any, target: Any, headers: Any, body: Any, now: Any = SIGNED_AT) -> "Verified | None":
    """One answer, whichever way the question is put."""
    told: list[Any] = []
    for way in (RECEIVER.verify, RECEIVER.verify_at_once, lambda *a, **k: asyncio.run(RECEIVER.averify(*a, **k)), in_stages):
        try:
            told.append(way(method, target, headers, body, now=now))
        except Rejected as rejected:
            assert rejected.http_status in (400, 401, 409, 413, 503) and 1 <= rejected.step <= 12 and str(rejected)
            told.append(rejected.code)
        except (TypeError, ValueError, OverflowError) as error:
            told.append(type(error))
    alike = [Verified if isinstance(one, Verified) else one for one in told]
    assert alike == alike[:1] * 4
    return told[0] if isinstance(told[0], Verified) else None


def in_stages(method: Any, target: Any, headers: Any, body: Any, now: Any) -> Any:
    """The body in two parts."""
    if not isinstance(body, bytes):
        # Of several mistakes a whole request is told that of its body first, and in stages that comes last.
        return RECEIVER.head(*GENUINE.arguments[:3], now=SIGNED_AT).verify_body(body)
    head = RECEIVER.head(method, target, headers, now=now)
    stream = head.body_verifier()
    stream.update(body[: len(body) // 2])
    stream.update(body[len(body) // 2 :])
    stream.finish()
    return head.verify_body(body)


@given(methods, targets, lines, bodies)
@example(*GENUINE.arguments)
def test_any_request_is_verified_or_refused(method: str, target: str, headers: Any, body: bytes) -> None:
    judged(method, target, headers, body)


@given(near_misses())
def test_what_is_nearly_genuine_is_verified_or_refused(request: SignedCallback) -> None:
    verified = judged(*request.arguments)
    assert verified is None or verified.body == request.body
    explained = RECEIVER.explain(*request.arguments, now=SIGNED_AT)
    assert (explained["verdict"] == "verified") == (verified is not None)


@given(anything, anything, anything, anything, anything)
@example("", "", [], None, None)
@example("POST", "/", [], None, -1.0)
def test_arguments_of_any_type_are_taken_or_named(method: Any, target: Any, headers: Any, body: Any, now: Any) -> None:
    judged(method, target, headers, body, now)
    for own in ({"method": method}, {"target": target}, {"headers": headers}, {"body": body}, {"now": now}):
        usual = {"method": "POST", "target": GENUINE.target, "headers": GENUINE.headers, "body": GENUINE.body, "now": SIGNED_AT}
        judged(**{**usual, **own})
        try:
            RECEIVER.explain(**{**usual, **own})
        except (TypeError, ValueError):
            pass


@given(st.dictionaries(st.sampled_from("account hosts key_pem nameservers zones max_age max_ahead max_body min_key_bits".split()), anything))
def test_a_verifier_is_built_or_the_argument_is_named(options: "dict[str, Any]") -> None:
    try:
        Verifier(**{"account": 1, "hosts": [HOST], "key_pem": signing_key().public_pem, **options})
    except (TypeError, ValueError, OSError):
        pass


@given(st.binary(max_size=300) | st.text(alphabet='{}[]":,\\abn0.e-<>/&;=%+ ', max_size=200).map(str.encode))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b"<a>" * 100_000)
@pytest.mark.parametrize("content_type", ["application/json", "application/xml", "application/x-www-form-urlencoded", "\xff"])
def test_any_authentic_body_is_a_callback_or_none(content_type: str, body: bytes) -> None:
    request = signed_callback(f"https://{HOST}/hook", body=body, content_type=content_type, date=SIGNED_AT)
    verified = RECEIVER.verify(*request.arguments, now=SIGNED_AT)
    try:
        callback = verified.callback
    except PayloadError as error:
        assert str(error)
        return
    assert isinstance(callback, Callback) and hash(callback) is not None
    assert all(isinstance(value, str) for value in callback.fields.values()) and isinstance(callback.interests, tuple)
    assert repr(callback) and callback.entity in ("profile", "subprofile")


@given(st.binary(max_size=60) | text, st.sampled_from(["", "-----BEGIN PRIVATE KEY-----\n"]), st.sampled_from(["", "\n-----END PRIVATE KEY-----\n"]))
def test_any_text_is_a_key_or_none(inner: "bytes | str", begin: str, end: str) -> None:
    content = base64.b64encode(inner).decode() if isinstance(inner, bytes) else inner
    for read in (PrivateKey, lambda pem: Verifier(1, [HOST], key_pem=pem)):
        with pytest.raises(ValueError):
            read(begin + content + end)


@given(methods, targets, lines, text, st.sampled_from(["host", "(request-target) host x-name"]) | text)
def test_whatever_is_to_be_signed_is_signed_or_refused(method: str, target: str, headers: Any, key_id: str, covered: str) -> None:
    try:
        signature = signing_key().sign(method, target, headers, key_id=key_id, covered=covered)
    except ValueError:
        return
    assert signature.startswith(f'keyId="{key_id.lower().removesuffix(".")}",')


@given(st.binary(max_size=80), st.binary(max_size=40), st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=40))), bodies)
def test_asgi_lets_nothing_through_that_is_not_genuine(path: bytes, query: bytes, headers: Any, body: bytes) -> None:
    sent: list[Any] = []

    async def app(*_: Any) -> None:
        raise AssertionError("it is not genuine")

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/hook", "raw_path": path, "query_string": query, "headers": headers}
    try:
        asyncio.run(asgi.VerifyCallbacks(app, RECEIVER)(scope, receive, send))
    except ValueError as error:
        # No server hands over a header name that is none.
        assert "names of ASCII characters" in str(error)
        return
    assert sent[0]["status"] in (400, 401)


@given(st.dictionaries(st.sampled_from(["HTTP_HOST", "HTTP_SIGNATURE", "HTTP_X", "CONTENT_TYPE", "RAW_URI"]), st.text(alphabet="a=,\"\xff\0", min_size=1)), bodies)
def test_wsgi_lets_nothing_through_that_is_not_genuine(own: "dict[str, str]", body: bytes) -> None:
    statuses: list[str] = []

    def app(*_: Any) -> Any:
        raise AssertionError("it is not genuine")

    environ = {"REQUEST_METHOD": "POST", "RAW_URI": "/", "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), **own}
    list(wsgi.VerifyCallbacks(app, RECEIVER)(environ, lambda status, headers: statuses.append(status)))
    assert statuses[0][:3] in ("400", "401")


@given(st.text(alphabet="/ab%~?#", min_size=1), text, st.dictionaries(st.text(alphabet="ab-", min_size=1), st.text(alphabet="a\xff,")), text)
def test_lambda_lets_nothing_through_that_is_not_genuine(path: str, query: str, headers: Any, body: str) -> None:
    event = {"version": "2.0", "rawPath": path, "rawQueryString": query, "headers": headers, "body": body}
    event["requestContext"] = {"http": {"method": "POST"}}
    try:
        answer = aws.handle(RECEIVER, event, lambda _: pytest.fail("it is not genuine"))
    except RuntimeError as error:
        assert "may have stood differently on the request line" in str(error)
        return
    assert answer["statusCode"] in (400, 401)


@given(st.binary(max_size=200), st.sampled_from([b"", b"POST / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"]))
@example(b"5\r\nhello\r\n0\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
def test_the_server_for_tests_reads_a_request_or_none(rest: bytes, begin: bytes) -> None:
    try:
        request = Request(io.BufferedReader(io.BytesIO(begin + rest)))
        assert request.body.read() in rest or b"\r\n" in rest
    except BadRequest as error:
        assert str(error)


@given(st.lists(st.sampled_from(["callback-verifier", "verify", "explain", "key", "--json", "--account", "1", "--host", "a", "--no-such"]) | st.text(alphabet="-a1/.\xff", max_size=8)))
def test_any_command_line_ends_with_a_status(arguments: "list[str]") -> None:
    # Standard input is not read: there is always an argument that is none.
    assert command_line(["callback-verifier", *arguments, "--nothing-of-the-kind"]) in (0, 2)
