"""For FastAPI and Starlette: a dependency that hands out evidence.

    @app.post("/hook")
    async def hook(verified: Annotated[Verified, Depends(verified_callback(verifier))]) -> None:
        match verified.callback: ...

The body is verified before the handler runs. A handler that returns has handled the callback, and it comes in once only; one that
raises has not. (Where the answer's status decides instead, use `callback_verifier.asgi.VerifyCallbacks`.)

By default FastAPI ends a dependency behind the answer and its background tasks, so one of these that raises lets the same request come
again. With background tasks say `Depends(verified_callback(verifier), scope="function")` (FastAPI 0.121): then the handler alone decides.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request

from callback_verifier._answer import refusal
from callback_verifier._native import Rejected, Verified, Verifier
from callback_verifier.asgi import Disconnected, target_of, verify


def verified_callback(verifier: Verifier) -> Callable[[Request], AsyncIterator[Verified]]:
    """The dependency for callbacks that this verifier takes."""

    async def dependency(request: Request) -> AsyncIterator[Verified]:
        try:
            verified = await verify(verifier, request.scope, request.receive)
            claim = verifier.claim(verified)
        except Rejected as rejected:
            made = refusal(rejected, target_of(request.scope))
            headers = {name: value for name, value in made.headers if name == "retry-after"}
            raise HTTPException(made.status, made.body.decode().strip(), headers) from rejected
        except Disconnected:
            raise HTTPException(408, "too slow") from None
        try:
            yield verified
        except BaseException:
            claim.release()
            raise
        claim.commit()

    return dependency


__all__ = ["verified_callback"]
