"""For pytest: a mock publisher that runs while tests do.

    def test_my_receiver(mock_publisher, live_server):
        mock_publisher.callback(live_server.url + "/hook", action="update", condition="profile.name == 'Mike'")
        mike = mock_publisher.profiles.create(name="Mike")
        mike.update(city="Utrecht", via="publisher")
        assert mock_publisher.wait().state == "delivered"

The program is started once for all tests, on free ports, and is as new for each test. It is found as `MOCK_PUBLISHER_PROGRAM`, beside this
Python (`pip install ./mock-publisher`), or on the path. Tests that need no publisher find more in `callback_verifier.testing`.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from callback_verifier.testing import MockPublisher, MockPublisherError, free_address
from callback_verifier.testing._program import environment, program

#: How long the program may take to be ready, in seconds.
START = 30.0


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
