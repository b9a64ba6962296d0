from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from callback_verifier._native import PrivateKey
from callback_verifier.testing._payload import CONTENT_TYPES, payload

ACTIONS = ("create", "update", "delete")
#: What the publisher covers, in its order.
COVERED = "(request-target) host date content-length content-type x-copernica-id digest x-nonce"
KEY_ID = "2026-11._domainkey.copernica.com"
SAMPLE = {"name": "Mike", "email": "mike@example.com"}


def signing_key() -> PrivateKey:
    """The key that `signed_callback` signs with, made anew by each program that asks for it: nobody else has it."""
    global _own_key
    with _own_key_lock:
        if _own_key is None:
            _own_key = PrivateKey.generate()
        return _own_key


_own_key: PrivateKey | None = None
_own_key_lock = threading.Lock()


@dataclass(frozen=True)
class SignedCallback:
    """A request as it comes in at a receiver. `verifier.verify(*request.arguments)` takes it."""

    method: str
    target: str
    """The path with the query, as on the request line."""
    headers: list[tuple[str, str]]
    """The header lines in order."""
    body: bytes
    key: PrivateKey = field(repr=False)
    """What has signed it."""

    @property
    def arguments(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """Method, target, headers and body: the arguments of `Verifier.verify`."""
        return self.method, self.target, self.headers, self.body

    def but(self, **changes: Any) -> SignedCallback:
        """The same with other parts, signed as it was: `request.but(body=b"{}")` was tampered with."""
        return replace(self, **changes)

    def with_header(self, name: str, value: str) -> SignedCallback:
        """The same with one header of that name, in the place of any that was there."""
        headers = self.without_header(name).headers
        place = next((at for at, (known, _) in enumerate(self.headers) if _is(known, name)), len(headers))
        return self.but(headers=[*headers[:place], (name, value), *headers[place:]])

    def without_header(self, name: str) -> SignedCallback:
        """The same without a header: `request.without_header("Signature")`."""
        return self.but(headers=[(known, value) for known, value in self.headers if not _is(known, name)])

    def raw(self) -> bytes:
        """The bytes on the wire, as HTTP/1.1 has them: what `callback-verifier explain` reads from a file."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return f"{self.method} {self.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + self.body


def signed_callback(
    url: str = "https://hooks.example.com/hook",
    *,
    action: str = "create",
    id: int = 1,
    fields: Mapping[str, str] | None = None,
    interests: Sequence[str] | None = (),
    method: str = "json",
    body: bytes | None = None,
    content_type: str | None = None,
    account: int = 1234,
    date: datetime | float | None = None,
    nonce: str | None = None,
    key: PrivateKey | None = None,
    key_id: str = KEY_ID,
    covered: str = COVERED,
    extra: Mapping[str, str] | None = None,
) -> SignedCallback:
    """Makes one signed callback, without any server. Its bytes are those that the mock publisher would send.

    url: whom it is for; the host that it names is signed, with the port if it is no default one.
    action: what happened, "create", "update" or "delete".
    id, fields, interests: the profile that it happened to; interests None for a subprofile.
    method: the form of the payload, "json", "xml" or "form".
    body, content_type: another body than that of this profile, and what it is said to be.
    account: whose data it is.
    date: when it was signed, in seconds since 1970 or as a datetime with a time zone; default: now.
    nonce: what makes it unique; default: a random one.
    key, key_id: what signs, and the DNS name that it is said to be published under; default: `signing_key()`.
    covered: what the signature covers.
    extra: further headers, which are covered if `covered` names them.

    Raises ValueError for an argument that makes no sense.
    """
    if action not in ACTIONS:
        raise ValueError(f"`action` must be 'create', 'update' or 'delete', got {action!r}")
    seconds = int(time.time() if date is None else _seconds(date))
    if body is None:
        body = payload(method, action, id, SAMPLE if fields is None else fields, interests, seconds)
        content_type = content_type or CONTENT_TYPES[method]
    host, target = _place(url)
    headers = [
        ("Host", host),
        ("Date", format_datetime(datetime.fromtimestamp(seconds, timezone.utc), usegmt=True)),
        ("Content-Type", content_type or CONTENT_TYPES["json"]),
        ("Content-Length", str(len(body))),
        ("X-Copernica-Id", f"account_{account}"),
        ("Digest", "sha-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()),
        ("X-Nonce", secrets.token_urlsafe(18) if nonce is None else nonce),
        *(extra or {}).items(),
    ]
    key = key or signing_key()
    signature = key.sign("POST", target, headers, key_id=key_id, covered=covered)
    return SignedCallback("POST", target, [*headers, ("Signature", signature)], body, key)


def _place(url: str) -> tuple[str, str]:
    """The host as `Host` has it, and the target."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"`url` must be an `http://` or `https://` URL, got {url!r}")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"http": 80, "https": 443}[parts.scheme]
    host = name if parts.port in (None, default) else f"{name}:{parts.port}"
    target = parts.path or "/"
    return host, f"{target}?{parts.query}" if parts.query else target


def _seconds(date: datetime | float) -> float:
    if not isinstance(date, datetime):
        return date
    if date.utcoffset() is None:
        raise ValueError("`date` must be a datetime with a time zone, such as `datetime.now(timezone.utc)`")
    return date.timestamp()


def _is(known: str, name: str) -> bool:
    return known.lower() == name.lower()
