"""For Django: a decorator that hands out evidence.

    @csrf_exempt
    @require_POST
    @verified_callback(verifier)
    def hook(request: HttpRequest, verified: Verified) -> HttpResponse:
        match verified.callback: ...

A callback has no CSRF token; its signature is better than one. If the answer is 2xx the callback counts as handled, and comes in once
only. `VerifyCallbacksMiddleware` does the same for a whole path, named in the settings.

Nothing may read the request's stream before, as `request.POST` does for a form: then its bytes are gone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from callback_verifier import asgi, wsgi
from callback_verifier._answer import is_at, refusal, settle
from callback_verifier._native import Claim, Rejected, Verified, Verifier


def target_of(request: HttpRequest) -> str:
    """The request target as it stood on the request line."""
    scope = getattr(request, "scope", None)
    return asgi.target_of(scope) if scope is not None else wsgi.target_of(request.META)


def verify(verifier: Verifier, request: HttpRequest) -> Verified:
    """Verifies a request: its head, and then its body. Raises Rejected."""
    if getattr(request, "_read_started", False) and not hasattr(request, "_body"):
        raise RuntimeError("the raw body is gone: something has read `request.POST` or the stream before")
    scope = getattr(request, "scope", None)
    if scope is not None:
        # Django has the whole body by now.
        headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        head = verifier.head(request.method or "", target_of(request), headers, https=request.scheme == "https")
        return head.verify_body(request.body)
    if hasattr(request, "_body"):
        lines = wsgi.headers_of(request.META)
        return verifier.verify(request.method or "", target_of(request), lines, request.body, https=request.is_secure())
    # Read here, for Django passes over bodies in chunks.
    verified = wsgi.verify(verifier, request.META)
    request._body = verified.body
    return verified


def _claimed(verifier: Verifier, request: HttpRequest) -> tuple[Verified, Claim] | HttpResponse:
    try:
        verified = verify(verifier, request)
        return verified, verifier.claim(verified)
    except Rejected as rejected:
        made = refusal(rejected, target_of(request))
        return HttpResponse(made.body, status=made.status, headers=dict(made.headers))


def _answered(claim: Claim, view: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        response = view()
    except BaseException:
        claim.release()
        raise
    settle(claim, response.status_code)
    return response


def verified_callback(verifier: Verifier) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """The decorator for callbacks that this verifier takes. The view gets the evidence as its second argument."""

    def decorator(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def verifying(request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
            claimed = _claimed(verifier, request)
            if isinstance(claimed, HttpResponse):
                return claimed
            verified, claim = claimed
            return _answered(claim, lambda: view(request, verified, *arguments, **keywords))

        return verifying

    return decorator


class VerifyCallbacksMiddleware:
    """Lets genuine callbacks through at one path; the evidence is `request.verified_callback`. Put it first.

    Settings: `CALLBACK_PATH`, and `CALLBACK_VERIFIER`, a `Verifier` or where one is, such as "shop.callbacks.verifier".
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        try:
            verifier, self.path = settings.CALLBACK_VERIFIER, settings.CALLBACK_PATH
        except AttributeError as error:
            raise ImproperlyConfigured(f"VerifyCallbacksMiddleware: {error}") from error
        self.verifier = import_string(verifier) if isinstance(verifier, str) else verifier
        if not isinstance(self.verifier, Verifier):
            raise ImproperlyConfigured(f"CALLBACK_VERIFIER must be a Verifier, got {type(self.verifier).__name__}")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_at(self.path, request.path, request.path.removesuffix(request.path_info)):
            return self.get_response(request)
        claimed = _claimed(self.verifier, request)
        if isinstance(claimed, HttpResponse):
            return claimed
        verified, claim = claimed
        request.verified_callback = verified  # type: ignore[attr-defined]
        # Whoever handles it cannot have a CSRF token.
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        return _answered(claim, lambda: self.get_response(request))


__all__ = ["VerifyCallbacksMiddleware", "verified_callback", "verify"]
