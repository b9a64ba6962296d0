"""For pytest: a mock publisher that runs while tests do.

    def test_my_receiver(mock_publisher, live_server):
        mock_publisher.callback(live_server.url + "/hook", action="update", condition="profile.name == 'Mike'")
        mike = mock_publisher.profiles.create(name="Mike")
        mike.update(city="Utrecht", via="publisher")
        assert mock_publisher.wait().state == "delivered"

The program is started once for all tests, on free ports, and is as new for each test. It is found as `MOCK_PUBLISHER_PROGRAM`, beside this
Python (`pip install ./mock-publisher`), or on the path.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from callback_verifier.testing import MockPublisherError, free_address
from callback_verifier.testing._program import environment, program

#: How long the program may take to be ready, in seconds.
START = 30.0


@dataclass(frozen=True)
class Delivery:
    """A delivery as the log has it."""

    id: int
    callback: int
    action: str
    trigger: str
    state: str
    """`pending`, `delivered` or `failed`"""
    status: int | None
    """What the receiver answered."""
    error: str | None
    """The class of what went wrong, such as `http_4xx` or `connection_refused`."""
    details: dict[str, Any]
    """All that the log says."""


class Profile:
    """A profile of the mock publisher, to be changed through one of its entrances: `rest` or `publisher` (by hand)."""

    def __init__(self, publisher: MockPublisher, id: int) -> None:
        self._publisher = publisher
        self.id = id

    def update(self, *, via: str = "rest", interests: list[str] | None = None, **fields: str) -> None:
        self._publisher._call("PUT", f"{_entrance(via, 'profile', 'profiles')}/{self.id}", _values(fields, interests))

    def delete(self, *, via: str = "rest") -> None:
        self._publisher._call("DELETE", f"{_entrance(via, 'profile', 'profiles')}/{self.id}", {})

    def __repr__(self) -> str:
        return f"Profile({self.id})"


class Profiles:
    """The profiles of a database."""

    def __init__(self, publisher: MockPublisher, database: str) -> None:
        self._publisher = publisher
        self._database = database

    def create(self, *, via: str = "rest", interests: list[str] | None = None, **fields: str) -> Profile:
        base = _entrance(via, "database", "databases")
        path = f"{base}/{quote(self._database, safe='')}/profiles"
        answer, created = self._publisher._call_created("POST", path, _values(fields, interests))
        return Profile(self._publisher, created if created is not None else int(answer["id"]))


class MockPublisher:
    """A mock publisher that runs."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.url: str = ready["url"]
        self.dns: str = ready["dns"]
        """`host:port` of its name server: the `nameservers` of a verifier."""
        self.account: int = ready["account"]
        self.token: str = ready["access_token"]
        self._next = 0

    @property
    def profiles(self) -> Profiles:
        """Those of the sample database."""
        return self.profiles_of("customers")

    def profiles_of(self, database: str) -> Profiles:
        return Profiles(self, database)

    def callback(
        self,
        url: str,
        *,
        action: str = "all",
        method: str = "json",
        condition: str | None = None,
        triggers: list[str] | None = None,
        database: str = "customers",
    ) -> int:
        """Asks for a callback; its number. The condition is an expression in JavaScript."""
        body: dict[str, Any] = {"url": url, "action": action, "method": method}
        if condition is not None:
            body["expression"] = condition
        if triggers is not None:
            body["triggers"] = triggers
        _, created = self._call_created("POST", f"/v4/database/{quote(database, safe='')}/callbacks", body)
        assert created is not None
        return created

    def wait(self, *, timeout: float = 5.0, callback: int | None = None, state: str | None = None) -> Delivery:
        """The next delivery that comes to an outcome, behind the one that was waited for before."""
        query = f"after={self._next}&timeout={timeout}"
        query += f"&callback={callback}" if callback is not None else ""
        query += f"&state={state}" if state is not None else ""
        found = self._call("GET", f"/mock/v1/wait?{query}")
        if found["delivery"] is None:
            raise MockPublisherError(f"no delivery came to an outcome within {timeout} s")
        self._next = found["next"]
        return _delivery(found["delivery"])

    def deliveries(self) -> list[Delivery]:
        """The first 1,000 of the log."""
        return [_delivery(one) for one in self._call("GET", "/mock/v1/deliveries?limit=1000")["deliveries"]]

    def fault(self, fault: str, **details: Any) -> None:
        """Lets something go wrong: `fault("tampered_body", times=1)`."""
        self._call("POST", "/mock/v1/faults", {"fault": fault, **details})

    def advance(self, *, seconds: float | None = None, days: float | None = None) -> None:
        """Puts its clock forward."""
        self._call("POST", "/mock/v1/clock/advance", {"seconds": seconds} if days is None else {"days": days})

    def rotate_key(self) -> None:
        """Lets another key sign from now on."""
        self._call("POST", "/mock/v1/keys/rotate", {})

    def reset(self) -> None:
        """Makes it as it was when it was started."""
        self._call("POST", "/mock/v1/reset")
        self._next = 0

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._call_created(method, path, body)[0]

    def _call_created(self, method: str, path: str, body: dict[str, Any] | None) -> tuple[Any, int | None]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as response:
                text, created = response.read(), response.headers.get("X-Created")
        except urllib.error.HTTPError as error:
            told = error.read().decode(errors="replace").strip()
            raise MockPublisherError(f"{method} {path}: {error.code} {told}") from None
        return (json.loads(text) if text else None), (int(created) if created else None)


def _entrance(via: str, rest: str, publisher: str) -> str:
    if via == "rest":
        return f"/v4/{rest}"
    if via == "publisher":
        return f"/mock/v1/ui/{publisher}"
    raise ValueError(f"`via` must be 'rest' or 'publisher', got {via!r}")


def _values(fields: dict[str, str], interests: list[str] | None) -> dict[str, Any]:
    values: dict[str, Any] = {"fields": fields}
    if interests is not None:
        values["interests"] = interests
    return values


def _delivery(row: dict[str, Any]) -> Delivery:
    names = ("id", "callback", "action", "trigger", "state", "status", "error")
    return Delivery(**{name: row[name] for name in names}, details=row)


@pytest.fixture(scope="session")
def mock_publisher_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockPublisher]:
    """The mock publisher that all tests share. Use `mock_publisher`, which is as new for each."""
    folder = tmp_path_factory.mktemp("mock-publisher")
    ready, log = folder / "ready.json", folder / "log"
    arguments = ["serve", "--in-memory", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", str(ready)]
    with log.open("w") as out:
        process = subprocess.Popen([program(), *arguments], cwd=folder, env=environment(), stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise MockPublisherError(f"the mock publisher did not start: {log.read_text()}")
            time.sleep(0.01)
        yield MockPublisher(json.loads(ready.read_text()))
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def mock_publisher(mock_publisher_server: MockPublisher) -> MockPublisher:
    """A mock publisher as new: its sample database is empty, and it knows of no callback."""
    mock_publisher_server.reset()
    return mock_publisher_server


@pytest.fixture(scope="session")
def check_dns() -> str:
    """Where `assert_refuses` tells its keys, "127.0.0.1:port": the name server of a receiver under test."""
    return free_address()
