"""Middleware for ASGI and WSGI, called as servers call it."""

import asyncio
import io
import logging
from datetime import datetime, timezone
from typing import Any

import pytest
from publisher import BODY, HOST, Callback, Key, Request

from callback_verifier import Verified, Verifier
from callback_verifier.asgi import VerifyCallbacks as Asgi
from callback_verifier.wsgi import VerifyCallbacks as Wsgi


def fresh(key: Key, nonce: str, **changes: Any) -> Request:
    return Callback(date=datetime.now(timezone.utc), extra={"X-Nonce": nonce}, **changes).sign(key)


@pytest.fixture
def verifier_(key: Key) -> Verifier:
    return Verifier(1234, [HOST], key_pem=key.pem)


class AsgiCaller:
    """Calls an ASGI application with a request, its body in two parts."""

    def __init__(self, verifier: Verifier, status: int = 200, path: "str | None" = None) -> None:
        self.status, self.seen = status, []  # type: ignore[var-annotated]
        self.app = Asgi(self.inner, verifier, path=path)

    async def inner(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        self.seen.append((scope.get("callback_verifier.verified"), message["body"]))
        if self.status == 0:
            raise ZeroDivisionError
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def __call__(self, request: Request, **scope: Any) -> "tuple[int, dict[str, str], bytes]":
        path, _, query = request.target.partition("?")
        whole = {
            "type": "http",
            "method": request.method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers],
            "scheme": "http",
            **scope,
        }
        parts = [
            {"type": "http.request", "body": request.body[:5], "more_body": True},
            {"type": "http.request", "body": request.body[5:]},
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return parts.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(whole, receive, send))
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], headers, sent[1]["body"]


class WsgiCaller:
    """The same for WSGI."""

    def __init__(self, verifier: Verifier, status: int = 200, path: "str | None" = None) -> None:
        self.status, self.seen = status, []  # type: ignore[var-annotated]
        self.app = Wsgi(self.inner, verifier, path=path)

    def inner(self, environ: Any, start_response: Any) -> Any:
        self.seen.append((environ.get("callback_verifier.verified"), environ["wsgi.input"].read()))
        if self.status == 0:
            raise ZeroDivisionError
        start_response(f"{self.status} Something", [])
        yield b""

    def __call__(self, request: Request, **changes: Any) -> "tuple[int, dict[str, str], bytes]":
        path, _, query = request.target.partition("?")
        environ = {
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "RAW_URI": request.target,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            **{
                name.upper().replace("-", "_") if name.startswith("Content") else "HTTP_" + name.upper().replace("-", "_"): value
                for name, value in request.headers
            },
            **changes,
        }
        environ = {name: value for name, value in environ.items() if value is not None}
        told: list[Any] = []
        body = b"".join(self.app(environ, lambda *arguments: told.append(arguments)))
        return int(told[0][0].split(" ")[0]), dict(told[0][1]), body


CALLERS = [AsgiCaller, WsgiCaller]


@pytest.mark.parametrize("caller", CALLERS)
def test_a_genuine_callback_comes_through_once(caller: Any, key: Key, verifier_: Verifier) -> None:
    call = caller(verifier_)
    request = fresh(key, "genuine")
    assert call(request)[0] == 200
    evidence, body = call.seen.pop()
    assert isinstance(evidence, Verified) and body == BODY and evidence.nonce == "genuine"
    status, headers, text = call(request)
    assert (status, headers["content-type"], text) == (409, "text/plain", b"handled before\n")
    assert call.seen == []


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("status", [500, 302, 404, 0])
def test_what_was_not_handled_may_come_again(caller: Any, status: int, key: Key, verifier_: Verifier) -> None:
    call = caller(verifier_, status=status)
    request = fresh(key, "again")
    for _ in range(2):
        if status == 0:
            with pytest.raises(ZeroDivisionError):
                call(request)
        else:
            assert call(request)[0] == status
    call.status = 204
    assert call(request)[0] == 204
    assert call(request)[0] == 409


@pytest.mark.parametrize("caller", CALLERS)
def test_a_forgery_is_answered_generically_and_logged_exactly(
    caller: Any, key: Key, verifier_: Verifier, caplog: pytest.LogCaptureFixture
) -> None:
    call = caller(verifier_)
    genuine = fresh(key, "forged")
    for request, status, code in (
        (genuine.but(body=BODY.replace(b"Mike", b"Nick")), 401, "digest_mismatch"),
        (genuine.but(target="/hook?x=2"), 401, "bad_signature"),
        (genuine.but(headers=genuine.headers[:-1]), 401, "signature_missing"),
        (fresh(key, "other", account="account_1"), 401, "wrong_account"),
    ):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "callback_verifier"):
            answered = call(request)
        assert (answered[0], answered[2]) == (status, b"not authentic\n")
        (record,) = caplog.records
        assert (vars(record)["code"], vars(record)["target"]) == (code, request.target)
    assert call.seen == []


@pytest.mark.parametrize("caller", CALLERS)
def test_only_one_path_is_verified(caller: Any, key: Key, verifier_: Verifier) -> None:
    call = caller(verifier_, path="/hook")
    assert call(fresh(key, "unsigned").but(headers=[]))[0] == 401
    assert call(fresh(key, "elsewhere").but(headers=[], target="/other"))[0] == 200
    assert call.seen[0][0] is None


@pytest.mark.parametrize("target", ["/hook/", "//hook", "/hook//", "/%68ook", "/a/hook"])
@pytest.mark.parametrize(("caller", "mount"), [(AsgiCaller, "root_path"), (WsgiCaller, "SCRIPT_NAME")])
def test_what_an_application_may_take_for_that_path_is_verified(
    caller: Any, mount: str, target: str, key: Key, verifier_: Verifier
) -> None:
    """Whatever it is mounted at, which a server may have from a header."""
    call = caller(verifier_, path="/hook")
    path = target.replace("%68", "h")
    changes: dict[str, Any] = {mount: "/a"} if path == "/a/hook" else {}
    changes |= {"PATH_INFO": path.removeprefix("/a")} if caller is WsgiCaller else {"path": path}
    assert call(fresh(key, "unsigned").but(headers=[], target=target), **changes)[0] == 401
    assert call.seen == []


def test_a_server_that_hides_the_raw_path_is_told_apart(key: Key, verifier_: Verifier) -> None:
    with pytest.raises(RuntimeError, match=r"does not tell the raw path \(`scope\['raw_path'\]`\)"):
        AsgiCaller(verifier_)(fresh(key, "raw"), raw_path=None)
    with pytest.raises(RuntimeError, match=r"this WSGI server \(waitress\) does not tell the raw path"):
        WsgiCaller(verifier_)(fresh(key, "raw"), RAW_URI=None, SERVER_SOFTWARE="waitress")


@pytest.mark.parametrize("middleware", [Asgi, Wsgi])
def test_what_is_no_verifier_is_refused_at_start_up(middleware: Any) -> None:
    with pytest.raises(TypeError, match="`verifier` must be a Verifier, got str"):
        middleware(lambda: None, "verifier")


def test_a_sender_that_stops_half_way_is_told_so(key: Key, verifier_: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callback_verifier.asgi.BODY_TIMEOUT", 0.05)
    request = fresh(key, "slow")
    call = AsgiCaller(verifier_)
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = request.target.partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in request.headers]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": query.encode()}
    asyncio.run(call.app({**scope, "headers": headers}, never, send))
    assert (sent[0]["status"], call.seen) == (408, [])


@pytest.mark.parametrize(("whole", "comes_again"), [(True, 409), (False, 500)])
def test_what_fails_behind_a_whole_answer_was_handled(key: Key, verifier_: Verifier, whole: bool, comes_again: int) -> None:
    """As a background task does: the sender has seen 200, and nobody else may send it again."""
    statuses: list[int] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"o", "more_body": not whole})
        raise ZeroDivisionError

    request = fresh(key, f"behind-{whole}")
    for _ in range(2):
        call = AsgiCaller(verifier_)
        call.app = Asgi(inner, verifier_)
        try:
            statuses.append(call(request)[0])
        except ZeroDivisionError:
            statuses.append(500)
    assert statuses == [500, comes_again]


def test_what_fails_when_a_whole_answer_is_closed_was_handled(key: Key, verifier_: Verifier) -> None:
    class Parts(list):  # type: ignore[type-arg]
        def close(self) -> None:
            raise ZeroDivisionError

    def inner(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return Parts([b"ok"])

    call = WsgiCaller(verifier_)
    call.app = Wsgi(inner, verifier_)
    request = fresh(key, "closed")
    with pytest.raises(ZeroDivisionError):
        call(request)
    assert call(request)[0] == 409
