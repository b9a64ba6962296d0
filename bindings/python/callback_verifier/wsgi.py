"""Middleware for WSGI: Flask, Django, Bottle, and whatever else speaks it.

    app.wsgi_app = VerifyCallbacks(app.wsgi_app, verifier, path="/hook")

The evidence is in `environ["callback_verifier.verified"]`. If the application answers 2xx the callback counts as handled, and comes in
once only; otherwise the same request may come again.

WSGI decodes the path, and a signature covers it as it stood on the request line. gunicorn, uWSGI, mod_wsgi and Werkzeug's own server tell
that too, as `RAW_URI` or `REQUEST_URI`; waitress does not, so it cannot be used.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from callback_verifier._answer import KEY, is_at, refusal, settle
from callback_verifier._native import Claim, Rejected, Verified, Verifier

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

#: How much of a body is read at a time.
PART = 64 * 1024
_REASONS = {400: "Bad Request", 401: "Unauthorized", 409: "Conflict", 413: "Content Too Large", 503: "Service Unavailable"}


class VerifyCallbacks:
    """Lets genuine callbacks through to an application, each of them once."""

    def __init__(self, app: App, verifier: Verifier, *, path: str | None = None) -> None:
        """path: only requests to this path are verified, and others let through as they are; None for all. It is the same path with
        `SCRIPT_NAME` before it, with double slashes, or with slashes at its end."""
        if not isinstance(verifier, Verifier):
            raise TypeError(f"`verifier` must be a Verifier, got {type(verifier).__name__}")
        self.app = app
        self.verifier = verifier
        self.path = path

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        mount = environ.get("SCRIPT_NAME", "")
        if self.path is not None and not is_at(self.path, mount + environ.get("PATH_INFO", ""), mount):
            return self.app(environ, start_response)
        try:
            verified = verify(self.verifier, environ)
            claim = self.verifier.claim(verified)
        except Rejected as rejected:
            made = refusal(rejected, target_of(environ))
            start_response(f"{made.status} {_REASONS[made.status]}", made.headers)
            return [made.body]
        environ[KEY] = verified
        environ["wsgi.input"] = io.BytesIO(verified.body)
        environ["CONTENT_LENGTH"] = str(len(verified.body))
        watched = _Watched(claim, start_response)
        try:
            return watched.until_closed(self.app(environ, watched))
        except BaseException:
            claim.release()
            raise


class _Watched:
    """Looks at the status that an application answers with."""

    def __init__(self, claim: Claim, start_response: StartResponse) -> None:
        self.claim = claim
        self.start_response = start_response
        self.status = 0

    def __call__(self, status: str, *arguments: Any) -> Any:
        self.status = int(status.split(" ", 1)[0])
        return self.start_response(status, *arguments)

    def until_closed(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        whole = False
        try:
            # An application that is a generator says its status with its first part.
            yield from parts
            whole = True
        finally:
            try:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
            finally:
                # What fails behind a whole answer makes no sender try again.
                settle(self.claim, self.status if whole else 0)


def target_of(environ: Environ) -> str:
    """The request target as it stood on the request line."""
    for name in ("RAW_URI", "REQUEST_URI"):
        target = environ.get(name)
        if target:
            return str(target)
    raise RuntimeError(
        f"this WSGI server ({environ.get('SERVER_SOFTWARE', 'unknown')}) does not tell the raw path, neither as `RAW_URI` nor as "
        "`REQUEST_URI`, without which no signature can be verified; gunicorn, uWSGI, mod_wsgi and Werkzeug do"
    )


def headers_of(environ: Environ) -> list[tuple[str, str]]:
    """The headers, as far as WSGI keeps them apart: those that came several times are joined."""
    headers = [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers.append((name.replace("_", "-"), environ[name]))
    return headers


def verify(verifier: Verifier, environ: Environ) -> Verified:
    """Verifies a request: its head, and then its body. Raises Rejected."""
    https = environ.get("wsgi.url_scheme") == "https"
    head = verifier.head(environ["REQUEST_METHOD"], target_of(environ), headers_of(environ), https=https)
    checked = head.body_verifier()
    body = environ["wsgi.input"]
    # Without a length it must be one that ends by itself.
    left = int(environ.get("CONTENT_LENGTH") or (1 << 62 if environ.get("wsgi.input_terminated") else 0))
    parts: list[bytes] = []
    while left > 0:
        part = body.read(min(left, PART))
        if not part:
            break
        checked.update(part)
        parts.append(part)
        left -= len(part)
    return head.verify_body(b"".join(parts))


__all__ = ["VerifyCallbacks", "headers_of", "target_of", "verify"]
