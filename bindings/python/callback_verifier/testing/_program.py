"""The program `mock-publisher`, which is a wheel of its own."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


class MockPublisherError(Exception):
    """The mock publisher refused a call, or could not be started; `str()` of it says why."""


def program() -> str:
    """Where it is: as `MOCK_PUBLISHER_PROGRAM` says, beside this Python, or on the path."""
    name = "mock-publisher.exe" if os.name == "nt" else "mock-publisher"
    chosen = os.environ.get("MOCK_PUBLISHER_PROGRAM")
    beside = Path(sys.executable).parent / name
    found = chosen or (str(beside) if beside.is_file() else shutil.which(name))
    if found is None or not Path(found).is_file():
        raise MockPublisherError(
            "the program `mock-publisher` is not there: install it with `pip install ./mock-publisher`, or say where it is with the "
            "environment variable MOCK_PUBLISHER_PROGRAM"
        )
    return found


def environment() -> dict[str, str]:
    """That of this process, without what would tell the program other things than its arguments do."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOCK_PUBLISHER_")}
