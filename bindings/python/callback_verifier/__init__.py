"""Verifies the signed webhooks ("Callbacks") of a marketing platform, and says why it refused one.

>>> from callback_verifier import Refused, Verifier
>>> verifier = Verifier(account=1234, hosts=["hooks.example.com"])  # keys from DNS, strict policy

Then, for each request, with the target, the headers and the body exactly as they came in:

    try:
        verified = verifier.verify(method, target, headers, body)
    except Refused as refused:
        log.warning("%s: %s", refused.code, refused)
        return refused.status  # one generic answer: a stranger learns nothing from it
    handle(verified.account, verified.body)
"""

from callback_verifier._native import Refused, Verified, Verifier

__all__ = ["Refused", "Verified", "Verifier"]
