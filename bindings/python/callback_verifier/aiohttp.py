"""For aiohttp: a decorator that hands out evidence.

    @verified_callback(verifier)
    async def hook(request: web.Request, verified: Verified) -> web.Response:
        match verified.callback: ...

    app.router.add_post("/hook", hook)

If the answer is 2xx the callback counts as handled, and comes in once only.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable

from aiohttp import web

from callback_verifier._answer import BODY_TIMEOUT, refusal, settle, too_slow
from callback_verifier._native import Rejected, Verified, Verifier

View = Callable[[web.Request, Verified], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def verify(verifier: Verifier, request: web.Request) -> Verified:
    """Verifies a request: its head, and then its body. Raises Rejected, or asyncio.TimeoutError if the body does not come."""
    https = request.scheme == "https"
    # `raw_path` is the whole target as it stood on the request line, with the query.
    head = await verifier.ahead(request.method, request.raw_path, request.raw_headers, https=https)
    checked = head.body_verifier()
    parts: list[bytes] = []

    async def read() -> None:
        async for part in request.content.iter_any():
            checked.update(part)
            parts.append(part)

    # aiohttp waits for a body for ever.
    await asyncio.wait_for(read(), BODY_TIMEOUT)
    return head.verify_body(b"".join(parts))


def verified_callback(verifier: Verifier) -> Callable[[View], Handler]:
    """The decorator for callbacks that this verifier takes. The handler gets the evidence as its second argument."""

    def decorator(view: View) -> Handler:
        @functools.wraps(view)
        async def verifying(request: web.Request) -> web.StreamResponse:
            try:
                verified = await verify(verifier, request)
                claim = verifier.claim(verified)
            except Rejected as rejected:
                made = refusal(rejected, request.raw_path)
                headers = [header for header in made.headers if header[0] != "content-length"]
                return web.Response(status=made.status, headers=headers, body=made.body)
            except asyncio.TimeoutError:
                made = too_slow()
                response: web.StreamResponse = web.Response(status=made.status, body=made.body)
                response.force_close()
                return response
            try:
                response = await view(request, verified)
            except BaseException:
                claim.release()
                raise
            settle(claim, response.status)
            return response

        return verifying

    return decorator


__all__ = ["verified_callback", "verify"]
