"""All tests in Python use the program that was built, and the publisher of the pytest plugin."""

import os
from pathlib import Path

import pytest

from callback_verifier.testing import MockPublisher

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "mock-publisher"
os.environ["MOCK_PUBLISHER_PROGRAM"] = str(PROGRAM)


@pytest.fixture(scope="session")
def publisher(mock_publisher_server: MockPublisher) -> MockPublisher:
    assert PROGRAM.is_file(), f"`{PROGRAM}` is not there: run `cargo build --workspace --bins --all-features` first"
    return mock_publisher_server
