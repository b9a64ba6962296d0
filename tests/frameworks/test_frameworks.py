"""Receivers in Python, with real frameworks and real servers, are checked whole, and take what the mock publisher sends."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "mock-publisher"

UVICORN = ["-m", "uvicorn", "--no-access-log", "--log-level", "warning"]
GUNICORN = ["-m", "gunicorn", "--threads", "8", "--log-level", "warning"]
RECEIVERS = ["asgi", "fastapi", "wsgi", "flask"]


@dataclass(frozen=True)
class Receiver:
    name: str
    url: str
    dns: str
    log: Path


def own_address(number: int) -> str:
    """An address that nobody else uses: all of 127.0.0.0/8 is this machine, and this process has a part of it."""
    high, low = divmod(os.getpid() % 65536, 256)
    return f"127.{200 + number}.{high}.{low}"


@pytest.fixture(scope="module", params=RECEIVERS)
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    name = request.param
    address = own_address(RECEIVERS.index(name))
    dns = f"{address}:7053"
    server = (
        [*UVICORN, "--host", address, "--port", "8080", f"receivers:{name}"]
        if name in ("asgi", "fastapi")
        else [*GUNICORN, "--bind", f"{address}:8080", f"receivers:{name}"]
    )
    environment = {**os.environ, "PUBLIC_HOST": f"{address}:8080", "NAMESERVER": dns}
    log = tmp_path_factory.mktemp(name) / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, *server], cwd=HERE, env=environment, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((address, 8080), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
        yield Receiver(name, f"http://{address}:8080/hook", dns, log)
    finally:
        process.terminate()
        process.wait(30)


def program(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCK_PUBLISHER_")}
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment, timeout=120)


def test_it_is_checked_whole(receiver: Receiver) -> None:
    arguments = ["--any-body"] if receiver.name in ("asgi", "wsgi") else []
    if receiver.name in ("wsgi", "flask"):
        arguments += ["--expect", str(HERE / "wsgi.toml")]
    done = program("check", receiver.url, "--dns", receiver.dns, "--json", *arguments)
    report = json.loads(done.stdout)
    bad = [
        f"{vector['id']}: {vector['got']}"
        for group in report["classes"]
        for vector in group["vectors"]
        if vector["verdict"] in ("fail", "error") and vector["excepted"] is None
    ]
    assert bad == [], receiver.log.read_text()[-2000:]
    assert done.returncode == 0
