"""Verifying in asyncio: at once where the key is at hand, on another thread where DNS has to be asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from callback_verifier import AuthenticHead, Verified, Verifier

T = TypeVar("T")

#: How many lookups wait at a time. They have threads of their own: strangers who make DNS be asked must not take those of the application.
THREADS = 8
_threads: ThreadPoolExecutor | None = None


async def averify(verifier: Verifier, *arguments: Any, **keywords: Any) -> Verified:
    verified = verifier.verify_at_once(*arguments, **keywords)
    if verified is not None:
        return verified
    return await _elsewhere(partial(verifier.verify, *arguments, **keywords))


async def ahead(verifier: Verifier, *arguments: Any, **keywords: Any) -> AuthenticHead:
    head = verifier.head_at_once(*arguments, **keywords)
    if head is not None:
        return head
    return await _elsewhere(partial(verifier.head, *arguments, **keywords))


async def _elsewhere(work: Callable[[], T]) -> T:
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(THREADS, "callback-verifier")
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def _forget() -> None:
    """After a fork: the threads are the parent's."""
    global _threads
    _threads = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
