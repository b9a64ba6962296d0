"""Receivers as integrators write them, one for each framework. Settings come from the environment, as in the Rust examples."""

import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from flask import Flask

from callback_verifier import PayloadError, Verified, Verifier
from callback_verifier import asgi as cv_asgi
from callback_verifier import wsgi as cv_wsgi
from callback_verifier.fastapi import verified_callback as fastapi_callback
from callback_verifier.flask import verified_callback as flask_callback

logging.basicConfig(level=logging.WARNING)
verifier = Verifier(1234, [os.environ["PUBLIC_HOST"]], nameservers=[os.environ["NAMESERVER"]])


async def bare_asgi(scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    assert scope["type"] == "http", scope["type"]
    body = (await receive())["body"]
    assert body == scope["callback_verifier.verified"].body
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def bare_wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    assert environ["wsgi.input"].read() == environ["callback_verifier.verified"].body
    start_response("200 OK", [("Content-Length", "2")])
    yield b"ok"


asgi = cv_asgi.VerifyCallbacks(bare_asgi, verifier)
wsgi = cv_wsgi.VerifyCallbacks(bare_wsgi, verifier)

fastapi = FastAPI()
flask = Flask(__name__)


@fastapi.post("/hook")
async def hook(verified: Annotated[Verified, Depends(fastapi_callback(verifier))]) -> str:
    return verified.callback.action


@flask.post("/hook")
@flask_callback(verifier)
def flask_hook(verified: Verified) -> tuple[str, int]:
    try:
        return verified.callback.action, 200
    except PayloadError:
        return "no callback", 422
