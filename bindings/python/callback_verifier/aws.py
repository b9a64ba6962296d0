"""For AWS Lambda, behind API Gateway (HTTP API, payload version 2.0) or a function URL.

    def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
        return handle(verifier, event, on_callback)

API Gateway's REST APIs (payload version 1.0) and load balancers tell a decoded query without its order, with which no signature over a
query can be verified: such an event is an error that says so, unless the request has no query.

Nonces are remembered in the memory of one instance of the function; several instances do not share them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from callback_verifier._answer import refusal
from callback_verifier._native import Rejected, Verified, Verifier

Event = Mapping[str, Any]

#: What a path may hold that is the same decoded and as it stood on the request line (RFC 3986 section 3.3).
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/")


def target_of(event: Event) -> str:
    """The request target as it stood on the request line, as far as an event tells it."""
    if event.get("version") == "2.0":
        path, query = str(event["rawPath"]), str(event.get("rawQueryString") or "")
    elif "httpMethod" in event:
        path, query = str(event["path"]), ""
        if event.get("multiValueQueryStringParameters") or event.get("queryStringParameters"):
            raise RuntimeError(
                "events of payload version 1.0 tell a decoded query without its order, so no signature over it can be verified; "
                "use an HTTP API with payload version 2.0, or a callback URL without a query"
            )
    else:
        raise RuntimeError("this is no event of API Gateway or of a function URL")
    if not _PLAIN.issuperset(path):
        raise RuntimeError(
            f"the path {path!r} may have stood differently on the request line; use a path of letters, digits and `-._~`"
        )
    return f"{path}?{query}" if query else path


def verify(verifier: Verifier, event: Event) -> Verified:
    """Verifies the request that an event tells of. Raises Rejected."""
    if event.get("version") == "2.0":
        method = str(event["requestContext"]["http"]["method"])
        headers = [(str(name), str(value)) for name, value in event["headers"].items()]
    else:
        target_of(event)
        method = str(event["httpMethod"])
        several = event.get("multiValueHeaders") or {name: [value] for name, value in event["headers"].items()}
        headers = [(str(name), str(value)) for name, values in several.items() for value in values]
    body = event.get("body") or ""
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return verifier.verify(method, target_of(event), headers, raw, https=True)


def handle(verifier: Verifier, event: Event, on_callback: Callable[[Verified], Any]) -> dict[str, Any]:
    """Verifies an event's request, hands the evidence to a function, and makes the answer. An exception lets it come again."""
    try:
        verified = verify(verifier, event)
        claim = verifier.claim(verified)
    except Rejected as rejected:
        made = refusal(rejected, target_of(event))
        return {"statusCode": made.status, "headers": dict(made.headers), "body": made.body.decode()}
    with claim:
        on_callback(verified)
    return {"statusCode": 200, "body": "ok"}


__all__ = ["handle", "target_of", "verify"]
