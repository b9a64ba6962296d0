import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "mock-publisher"


@dataclass(frozen=True)
class Publisher:
    """A mock publisher that runs."""

    url: str
    token: str

    @property
    def wsdl(self) -> str:
        return f"{self.url}/soap?SOAPAPI=WSDL"


@pytest.fixture(scope="session")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publisher]:
    assert PROGRAM.is_file(), f"`{PROGRAM}` is not there: run `cargo build --workspace --bins --all-features` first"
    folder = tmp_path_factory.mktemp("publisher")
    ready = folder / "ready.json"
    arguments = ["serve", "--in-memory", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ready-file", str(ready)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCK_PUBLISHER_")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([PROGRAM, *arguments], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            assert process.poll() is None and time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.01)
        told = json.loads(ready.read_text())
        yield Publisher(f"http://{told['http']}", told["access_token"])
    finally:
        process.terminate()
        process.wait(30)
