"""For Flask: a decorator that hands out evidence.

    @app.post("/hook")
    @verified_callback(verifier)
    def hook(verified: Verified) -> str:
        match verified.callback: ...

It must stand below the route. If the answer is 2xx the callback counts as handled, and comes in once only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Response, make_response, request

from callback_verifier._answer import refusal, settle
from callback_verifier._native import Rejected, Verifier
from callback_verifier.wsgi import target_of, verify


def verified_callback(verifier: Verifier) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator for callbacks that this verifier takes. The view gets the evidence as its first argument."""

    def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def verifying(*arguments: Any, **keywords: Any) -> Any:
            try:
                verified = verify(verifier, request.environ)
                claim = verifier.claim(verified)
            except Rejected as rejected:
                made = refusal(rejected, target_of(request.environ))
                return Response(made.body, made.status, made.headers)
            try:
                response = make_response(view(verified, *arguments, **keywords))
            except BaseException:
                claim.release()
                raise
            settle(claim, response.status_code)
            return response

        return verifying

    return decorator


__all__ = ["verified_callback"]
