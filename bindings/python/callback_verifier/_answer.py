"""What a middleware answers, and what it logs: one generic answer for each class, the exact reason for the owner."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from callback_verifier._native import Claim, PayloadError, Rejected

log = logging.getLogger("callback_verifier")

#: Where evidence is in an ASGI scope and in a WSGI environ.
KEY = "callback_verifier.verified"
#: How long a sender may take for a body, in seconds, where a server does not see to it.
BODY_TIMEOUT = 30.0

_TEXTS = {400: "bad request", 401: "not authentic", 409: "handled before", 413: "too large", 422: "no callback", 503: "try again later"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def is_at(wanted: str, path: str, mount: str) -> bool:
    """Whether an application might take a request to `path` for one to the path that is wanted.

    Rather too much is verified than too little. Applications route by the path with or without what they are mounted at, which gunicorn
    even takes from a header (`SCRIPT_NAME`), and some pay no heed to slashes at the end, or to double ones.
    """
    return _plain(wanted) in (_plain(path), _plain(path.removeprefix(mount)))


def _plain(path: str) -> str:
    return re.sub("/+", "/", path).rstrip("/")


def settle(claim: Claim, status: int) -> None:
    """What a status says of a callback: with 2xx it was handled, with any other the same request may come again."""
    if 200 <= status < 300:
        claim.commit()
    else:
        claim.release()


def too_slow() -> Answer:
    """For a sender that takes too long, or has gone."""
    return Answer(408, [("content-type", "text/plain"), ("content-length", "9"), ("connection", "close")], b"too slow\n")


def refusal(reason: Rejected | PayloadError, target: str) -> Answer:
    """Logs why, and makes an answer that a stranger learns nothing from."""
    code = reason.code if isinstance(reason, Rejected) else "payload"
    status = reason.http_status if isinstance(reason, Rejected) else 422
    hint = reason.hint if isinstance(reason, Rejected) else None
    log.warning("refused: %s", reason, extra={"code": code, "target": target, "hint": hint})
    body = (_TEXTS[status] + "\n").encode()
    headers = [("content-type", "text/plain"), ("content-length", str(len(body)))]
    if isinstance(reason, Rejected) and reason.retry_after is not None:
        headers.append(("retry-after", str(reason.retry_after)))
    return Answer(status, headers, body)
