"""The Python of the README, run as it stands there."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from callback_verifier import Verifier
from callback_verifier.testing import signed_callback, signing_key

README = Path(__file__).parents[2] / "README.md"
SECTION = README.read_text().partition("\n## In Python\n")[2].partition("\n## ")[0]
RECEIVER, *TESTS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
ROWS = [line.split("|")[1:3] for line in SECTION.splitlines() if line.startswith("| ")][2:]

#: What the README leaves to the reader: the imports, an application of Flask, and the server that it runs in.
BEFORE = """
import threading
from types import SimpleNamespace

import pytest
from callback_verifier import Verifier
from callback_verifier.flask import verified_callback
from callback_verifier.testing import assert_refuses, signed_callback, signing_key
from flask import Flask
from werkzeug.serving import make_server


def make_app(verifier):
    app = Flask(__name__)

    @app.post("/hook")
    @verified_callback(verifier)
    def hook(verified):
        return verified.callback.action

    # Where the vectors of `mock-publisher check` are sent.
    app.add_url_rule("/<path:anywhere>", "anywhere", verified_callback(verifier)(lambda verified, anywhere: "ok"), methods=["POST"])
    return app


@pytest.fixture
def live_server(mock_publisher):
    app = Flask(__name__)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    host = f"127.0.0.1:{server.server_port}"
    verifier = Verifier(mock_publisher.account, [host], nameservers=[mock_publisher.dns])
    app.post("/hook")(verified_callback(verifier)(lambda verified: "ok"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(url=f"http://{host}")
    server.shutdown()
    thread.join()
"""


def test_the_receiver() -> None:
    welcomed: list[str] = []
    namespace: dict[str, Any] = {"welcome": welcomed.append}
    exec(compile(RECEIVER, "README.md", "exec"), namespace)
    # Its keys are in DNS; this one is a test's.
    namespace["verifier"] = Verifier(1234, ["hooks.example.com"], key_pem=signing_key().public_pem)
    callback = signed_callback("https://hooks.example.com/hook", action="create", fields={"email": "mike@example.com"})
    request = ("POST", callback.target, list(callback.headers), callback.body)
    changed = (*request[:3], request[3].replace(b"mike", b"nick"))
    assert [namespace["receive"](*one) for one in (changed, request, request)] == [401, 200, 409]
    assert welcomed == ["mike@example.com"]


def test_the_tests(tmp_path: Path) -> None:
    (tmp_path / "test_readme.py").write_text("\n\n".join([BEFORE, *TESTS]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0 and f"{len(re.findall('^def test_', ''.join(TESTS), re.MULTILINE))} passed" in ran.stdout, ran.stdout


def test_what_the_table_names_is_there() -> None:
    names = {name for _, how in ROWS for name in re.findall(r"\bcallback_verifier\.(\w+)\.(\w+)", how)}
    assert len(names) == len(ROWS)
    for module, name in names:
        assert callable(getattr(__import__(f"callback_verifier.{module}", fromlist=[name]), name))
