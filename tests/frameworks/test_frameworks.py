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

UVICORN = ["-m", "uvicorn", "--no-access-log", "--log-level", "warning"]
GUNICORN = ["-m", "gunicorn", "--threads", "8", "--log-level", "warning"]
#: The receiver, how it is served, and what is to be said of it.
RECEIVERS: dict[str, tuple[str, list[str]]] = {
    "asgi": ("uvicorn", ["--any-body"]),
    "fastapi": ("uvicorn", []),
    "django_asgi": ("uvicorn", ["--expect", str(HERE / "django_asgi.toml")]),
    "wsgi": ("gunicorn", ["--any-body"]),
    "flask": ("gunicorn", []),
    "django_wsgi": ("gunicorn", []),
    "aiohttp_app": ("its own", ["--any-body"]),
}


@dataclass(frozen=True)
class Receiver:
    name: str
    url: str
    dns: str
    log: Path
    arguments: list[str]


def own_address(number: int) -> str:
    """An address that nobody else uses: all of 127.0.0.0/8 is this machine, and this process has a part of it."""
    high, low = divmod(os.getpid() % 65536, 256)
    return f"127.{200 + number}.{high}.{low}"


@pytest.fixture(scope="module", params=list(RECEIVERS))
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    name = request.param
    server, arguments = RECEIVERS[name]
    address = own_address(list(RECEIVERS).index(name))
    dns = f"{address}:7053"
    command = {
        "uvicorn": [*UVICORN, "--host", address, "--port", "8080", f"receivers:{name}"],
        "gunicorn": [*GUNICORN, "--bind", f"{address}:8080", f"receivers:{name}"],
        "its own": ["receivers.py"],
    }[server]
    if server == "gunicorn":
        arguments = [*arguments, "--expect", str(HERE / "gunicorn.toml")]
    environment = {**os.environ, "PUBLIC_HOST": f"{address}:8080", "NAMESERVER": dns}
    log = tmp_path_factory.mktemp(name) / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, *command], cwd=HERE, env=environment, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((address, 8080), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
        yield Receiver(name, f"http://{address}:8080/hook", dns, log, arguments)
    finally:
        process.terminate()
        process.wait(30)


def test_it_is_checked_whole(receiver: Receiver) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCK_PUBLISHER_")}
    command = [os.environ["MOCK_PUBLISHER_PROGRAM"], "check", receiver.url, "--dns", receiver.dns, "--json"]
    done = subprocess.run(
        [*command, *receiver.arguments], capture_output=True, text=True, env=environment, timeout=120
    )
    report = json.loads(done.stdout)
    bad = [
        f"{vector['id']}: {vector['got']}"
        for group in report["classes"]
        for vector in group["vectors"]
        if vector["verdict"] in ("fail", "error") and vector["excepted"] is None
    ]
    assert bad == [], receiver.log.read_text()[-2000:]
    assert done.returncode == 0
