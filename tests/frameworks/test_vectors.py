"""Vectors of `mock-publisher check`, tried on applications in this process."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from fastapi import Depends, FastAPI, Request, Response

from callback_verifier import Rejected, Verified, Verifier
from callback_verifier import asgi as cv_asgi
from callback_verifier import wsgi as cv_wsgi
from callback_verifier.fastapi import verified_callback
from callback_verifier.testing import MockPublisherError, assert_accepts, assert_refuses, free_address

HOST = "hooks.example.com"
HERE = Path(__file__).parent


@pytest.fixture
def verifier(check_dns: str) -> Verifier:
    return Verifier(1234, [HOST], nameservers=[check_dns])


async def bare_asgi(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    assert scope["type"] == "http", scope["type"]
    assert (await receive())["body"] == scope["callback_verifier.verified"].body
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


def bare_wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    assert environ["wsgi.input"].read() == environ["callback_verifier.verified"].body
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"ok"


def test_an_asgi_application_is_tried_whole(verifier: Verifier, check_dns: str) -> None:
    app = cv_asgi.VerifyCallbacks(bare_asgi, verifier)
    assert_accepts(app, host=HOST, dns=check_dns, options=["--any-body"])
    assert_refuses(app, host=HOST, dns=check_dns, options=["--any-body", "--patience", "1"])


def test_a_wsgi_application_is_tried_whole(verifier: Verifier, check_dns: str) -> None:
    app = cv_wsgi.VerifyCallbacks(bare_wsgi, verifier)
    known = ["--any-body", "--patience", "1", "--expect", str(HERE / "wsgi.toml")]
    assert_accepts(app, host=HOST, dns=check_dns, options=known)
    assert_refuses(app, host=HOST, dns=check_dns, options=known)


def test_what_an_application_sets_up_at_its_start_is_there(check_dns: str) -> None:
    """The lifespan protocol, a path of one's own, and another account."""
    verifier = Verifier(7, [HOST], nameservers=[check_dns])
    lives: list[str] = []

    async def lifespan(app: FastAPI) -> Any:
        lives.append("started")
        yield {"account": 7}
        lives.append("stopped")

    app = FastAPI(lifespan=lifespan)

    @app.post("/crm/callbacks")
    async def hook(request: Request, verified: Verified = Depends(verified_callback(verifier))) -> None:
        assert verified.account == request.state.account

    assert_refuses(app, "digest", "tenant", host=HOST, dns=check_dns, path="/crm/callbacks", account=7)
    assert lives == ["started", "stopped"]


class Careless:
    """A receiver that believes whatever the body is."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        status = 200
        try:
            await self._verifier.ahead(scope["method"], cv_asgi.target_of(scope), scope["headers"])
        except Rejected as rejected:
            status = rejected.http_status
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def test_what_a_receiver_gets_wrong_is_told(verifier: Verifier, check_dns: str) -> None:
    app = Careless(verifier)
    assert_refuses(app, "algorithm", host=HOST, dns=check_dns)
    with pytest.raises(AssertionError) as failed:
        assert_refuses(app, "body/replaced", "algorithm", host=HOST, dns=check_dns)
    text = str(failed.value)
    assert text.startswith("the receiver got 1 of ")
    assert "\n\nbody/replaced: " in text and "(answered 200, must refuse)\n  why: " in text and "\n  change: " in text


def test_a_receiver_that_refuses_all_has_passed_nothing(check_dns: str) -> None:
    """Of another account: all that it refuses proves nothing."""
    app = cv_asgi.VerifyCallbacks(bare_asgi, Verifier(1, [HOST], nameservers=[check_dns]))
    with pytest.raises(AssertionError, match="nothing was judged: It REFUSES EVERYTHING"):
        assert_refuses(app, "digest", host=HOST, dns=check_dns)


def test_what_cannot_be_tried_is_told(verifier: Verifier, check_dns: str, capfd: pytest.CaptureFixture[str]) -> None:
    app = cv_asgi.VerifyCallbacks(bare_asgi, verifier)
    with pytest.raises(MockPublisherError, match="there is no vector or class `digests`"):
        assert_refuses(app, "digests", host=HOST, dns=check_dns)
    with pytest.raises(TypeError, match="`app` must be an ASGI or a WSGI application, or a URL, got int"):
        assert_refuses(7, "digest", host=HOST, dns=check_dns)  # type: ignore[arg-type]

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("settings")

    with pytest.raises(AssertionError, match="nothing was judged"):
        assert_refuses(broken, "digest", host=HOST, dns=check_dns)
    assert "KeyError: 'settings'" in capfd.readouterr().err
    assert free_address() != free_address()
