"""Receivers as integrators write them, one for each framework. Settings come from the environment, as in the Rust examples."""

import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any

import django
from aiohttp import web
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from fastapi import Depends, FastAPI
from flask import Flask

from callback_verifier import PayloadError, Verified, Verifier
from callback_verifier import asgi as cv_asgi
from callback_verifier import wsgi as cv_wsgi
from callback_verifier.aiohttp import verified_callback as aiohttp_callback
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


settings.configure(
    SECRET_KEY="tests",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=["callback_verifier.django.VerifyCallbacksMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
    CALLBACK_PATH="/watched",
    CALLBACK_VERIFIER=verifier,
    DATA_UPLOAD_MAX_MEMORY_SIZE=8 << 20,
)
django.setup()

from callback_verifier.django import verified_callback as django_callback  # noqa: E402  (it wants the settings)


@csrf_exempt
@django_callback(verifier)
def django_hook(request: HttpRequest, verified: Verified) -> HttpResponse:
    try:
        return HttpResponse(verified.callback.action)
    except PayloadError:
        return HttpResponse("no callback", status=422)


def watched_hook(request: HttpRequest) -> HttpResponse:
    evidence: Verified = request.verified_callback  # type: ignore[attr-defined]
    return HttpResponse(evidence.account_id)


urlpatterns = [path("hook", django_hook), path("watched", watched_hook)]
django_wsgi = WSGIHandler()
django_asgi = ASGIHandler()


@aiohttp_callback(verifier)
async def aiohttp_hook(request: web.Request, verified: Verified) -> web.Response:
    return web.Response(text=verified.account_id)


async def aiohttp_app() -> web.Application:
    app = web.Application(client_max_size=8 << 20)
    app.router.add_route("*", "/hook", aiohttp_hook)
    return app


if __name__ == "__main__":
    host, port = os.environ["PUBLIC_HOST"].rsplit(":", 1)
    web.run_app(aiohttp_app(), host=host, port=int(port), print=lambda *_: None)
