"""Verifying in asyncio: at once where the key is at hand, on another thread where DNS has to be asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from callback_verifier import AuthenticHead, Verified, Verifier


async def averify(verifier: Verifier, *arguments: Any, **keywords: Any) -> Verified:
    verified = verifier.verify_at_once(*arguments, **keywords)
    if verified is not None:
        return verified
    return await asyncio.to_thread(verifier.verify, *arguments, **keywords)


async def ahead(verifier: Verifier, *arguments: Any, **keywords: Any) -> AuthenticHead:
    head = verifier.head_at_once(*arguments, **keywords)
    if head is not None:
        return head
    return await asyncio.to_thread(verifier.head, *arguments, **keywords)
