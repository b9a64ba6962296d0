"""Verifies the signed webhooks ("Callbacks") of a marketing platform, and says why it refused one.

>>> from callback_verifier import Callback, Rejected, Verifier
>>> verifier = Verifier(account=1234, hosts=["hooks.example.com"])  # keys from DNS, strict policy

Then, for each request, with the target, the headers and the body exactly as they came in:

    try:
        verified = verifier.verify(method, target, headers, body)
        with verifier.claim(verified):  # the same request is handled once
            match verified.callback:
                case Callback(action="create", fields={"email": email}):
                    welcome(email)
    except Rejected as rejected:
        log.warning("%s: %s", rejected.code, rejected)
        return rejected.http_status  # one generic answer: a stranger learns nothing from it
"""

from callback_verifier._native import (
    AuthenticHead,
    BodyTooLarge,
    BodyVerifier,
    Callback,
    Claim,
    KeyLookupError,
    Malformed,
    NotAuthentic,
    PayloadError,
    Rejected,
    Replayed,
    TryAgainLater,
    Verified,
    VerifiedStream,
    Verifier,
)

__all__ = [
    "AuthenticHead",
    "BodyTooLarge",
    "BodyVerifier",
    "Callback",
    "Claim",
    "KeyLookupError",
    "Malformed",
    "NotAuthentic",
    "PayloadError",
    "Rejected",
    "Replayed",
    "TryAgainLater",
    "Verified",
    "VerifiedStream",
    "Verifier",
]
