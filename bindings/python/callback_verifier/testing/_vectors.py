from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

from callback_verifier.testing._http import Served
from callback_verifier.testing._program import MockPublisherError, environment, program

#: The class of what must be taken.
HONEST = "accepts"
#: How long all vectors together may take, in seconds: ten times what they take with a receiver that is well.
LIMIT = 900.0


def assert_refuses(
    app: Callable[..., Any] | str,
    *names: str,
    host: str,
    dns: str,
    path: str = "/hook",
    account: int = 1234,
    options: Sequence[str] = (),
) -> None:
    """Tries a receiver with vectors of `mock-publisher check`, and fails with what it got wrong, why that matters and what to change.

    app: an ASGI or WSGI application, which is called in this process; or the URL of a receiver that runs.
    names: the classes, such as "digest", or single vectors, such as "replay/twice"; without any, all but honest callbacks.
    host: what the receiver believes to be called, with its port if that is no default one.
    dns: where it asks for keys, "IP:port"; a name server answers there meanwhile. See `free_address`.
    path: of the application's hook.
    account: whose callbacks it takes.
    options: what else is to be said of it, as flags of the program: `["--no-replay-guard", "--methods", "json"]`.

    Raises AssertionError for a receiver that would be fooled, MockPublisherError if it could not be tried.
    """
    chosen = ["--only", ",".join(names)] if names else ["--skip", HONEST]
    _check(app, path, ["--host", host, "--dns", dns, "--account", str(account), *chosen, *options])


def assert_accepts(
    app: Callable[..., Any] | str,
    *names: str,
    host: str,
    dns: str,
    path: str = "/hook",
    account: int = 1234,
    options: Sequence[str] = (),
) -> None:
    """The same with what honest publishers send: all of the class "accepts", or some of its vectors."""
    assert_refuses(app, *(names or (HONEST,)), host=host, dns=dns, path=path, account=account, options=options)


def free_address() -> str:
    """An address of loopback, "127.0.0.1:port", that was free a moment ago for UDP and TCP: the `dns` of a receiver under test."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return f"127.0.0.1:{udp.getsockname()[1]}"


def _check(app: Callable[..., Any] | str, path: str, arguments: Sequence[str]) -> None:
    with _url(app, path) as url:
        command = [program(), "check", url, "--json", *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            raise MockPublisherError(
                f"`mock-publisher check` has not come to an end within {LIMIT:.0f} s: choose fewer vectors, or give the receiver less time "
                'for each with `options=["--timeout", ...]`'
            ) from error
    if done.returncode not in (0, 1) or not done.stdout:
        raise MockPublisherError(f"`mock-publisher check` has judged nothing: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    if done.returncode != 0:
        raise AssertionError(_findings(report))


@contextmanager
def _url(app: Callable[..., Any] | str, path: str) -> Generator[str, None, None]:
    if isinstance(app, str):
        yield app
        return
    with Served(app) as served:
        yield f"http://{served.address}{path}"


def _findings(report: dict[str, Any]) -> str:
    """What a test that fails shows."""
    judged = sum(report["totals"][kind] for kind in ("passed", "failed", "errors", "excepted"))
    bad = [
        _finding(group, vector)
        for group in report["classes"]
        for vector in group["vectors"]
        if vector["verdict"] in ("fail", "error") and vector["excepted"] is None
    ]
    stale = [f"{name} passes: take it out of the exceptions" for name in report["stale_exceptions"]]
    if report["diagnosis"]:
        bad.insert(0, report["diagnosis"])
    if not judged:
        reasons = {vector["got"] for group in report["classes"] for vector in group["vectors"]}
        return "\n\n".join([f"nothing was judged: {'; '.join(sorted(reasons))}", *bad])
    return "\n\n".join([f"the receiver got {report['totals']['failed'] + report['totals']['errors']} of {judged} vectors wrong", *bad, *stale])


def _finding(group: dict[str, Any], vector: dict[str, Any]) -> str:
    why, change = (vector[name] or group[name] for name in ("why", "change"))
    title = f"{vector['id']}: {vector['title']} ({vector['got']}, must {vector['expected']})"
    return f"{title}\n  why: {why}\n  change: {change}"
