"""Middleware for ASGI: FastAPI, Starlette, Quart, Django's ASGI handler, and whatever else speaks it.

    app = VerifyCallbacks(app, verifier, path="/hook")

The head is verified before the body is read, the body before the application sees a byte of it. The evidence is in
`scope["callback_verifier.verified"]`. If the application answers 2xx the callback counts as handled, and comes in once only;
otherwise the same request may come again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from callback_verifier._answer import BODY_TIMEOUT, KEY, Answer, is_at, refusal, settle, too_slow
from callback_verifier._native import Rejected, Verified, Verifier

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Disconnected(Exception):
    """The sender has gone, or takes too long for its body."""


class VerifyCallbacks:
    """Lets genuine callbacks through to an application, each of them once."""

    def __init__(self, app: App, verifier: Verifier, *, path: str | None = None) -> None:
        """path: only requests to this path are verified, and others let through as they are; None for all. It is the same path with
        `root_path` before it, with double slashes, or with slashes at its end."""
        if not isinstance(verifier, Verifier):
            raise TypeError(f"`verifier` must be a Verifier, got {type(verifier).__name__}")
        self.app = app
        self.verifier = verifier
        self.path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (self.path is None or is_at(self.path, scope["path"], scope.get("root_path", ""))):
            await self.app(scope, receive, send)
            return
        try:
            verified = await verify(self.verifier, scope, receive)
            claim = self.verifier.claim(verified)
        except Rejected as rejected:
            await answer(refusal(rejected, target_of(scope)), send)
            return
        except Disconnected:
            await answer(too_slow(), send)
            return
        status = 0
        has_answered = False

        async def watch(message: Message) -> None:
            nonlocal status, has_answered
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            has_answered = has_answered or (message["type"] == "http.response.body" and not message.get("more_body", False))

        try:
            await self.app({**scope, KEY: verified}, replay(verified.body, receive), watch)
        except BaseException:
            # What fails behind a whole answer, as a background task may, makes no sender try again.
            settle(claim, status if has_answered else 0)
            raise
        settle(claim, status)


def target_of(scope: Scope) -> str:
    """The request target as it stood on the request line."""
    raw = scope.get("raw_path")
    if raw is None:
        raise RuntimeError(
            "this ASGI server does not tell the raw path (`scope['raw_path']`), without which no signature can be verified; "
            "uvicorn, hypercorn and granian do"
        )
    # Some servers have the query in it, as the specification of HTTP/2's `:path` has.
    target = bytes(raw).split(b"?")[0].decode("latin-1")
    query = bytes(scope.get("query_string", b"")).decode("latin-1")
    return f"{target}?{query}" if query else target


async def verify(verifier: Verifier, scope: Scope, receive: Receive) -> Verified:
    """Verifies a request: its head, and then its body. Raises Rejected, or Disconnected."""
    headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
    head = await verifier.ahead(scope["method"], target_of(scope), headers, https=scope.get("scheme") == "https")
    parts: list[bytes] = []
    checked = head.body_verifier()

    async def read() -> None:
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Disconnected
            part = bytes(message.get("body", b""))
            checked.update(part)
            parts.append(part)
            if not message.get("more_body", False):
                return

    try:
        await asyncio.wait_for(read(), BODY_TIMEOUT)
    except asyncio.TimeoutError:
        raise Disconnected from None
    return head.verify_body(b"".join(parts))


def replay(body: bytes, receive: Receive) -> Receive:
    """Hands a body that was read to the application, as if it came in."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def answer(made: Answer, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in made.headers]
    await send({"type": "http.response.start", "status": made.status, "headers": headers})
    await send({"type": "http.response.body", "body": made.body})


__all__ = ["BODY_TIMEOUT", "Disconnected", "VerifyCallbacks", "verify"]
