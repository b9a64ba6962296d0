"""Requests that are signed without a server: the bytes of the mock publisher's, and what the test clients of frameworks make of them."""

import os
import subprocess
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from flask import Flask

from callback_verifier import Verified, Verifier
from callback_verifier.fastapi import verified_callback as fastapi_callback
from callback_verifier.flask import verified_callback as flask_callback
from callback_verifier.testing import PrivateKey, SignedCallback, signed_callback, signing_key

URL = "http://127.0.0.1:8080/a%20b?x=1"
FIELDS = {"name": "a<b>&\"'\r\n\t\U0001f3be]]> %41+;~*", "2nd": "x", "xmlish": "\x7f\x01", "Stra\u00dfe": ""}


@pytest.mark.parametrize("method", ["json", "xml", "form"])
@pytest.mark.parametrize("action", ["create", "update", "delete"])
def test_the_bytes_are_those_of_the_mock_publisher(tmp_path: Path, method: str, action: str) -> None:
    command = [os.environ["MOCK_PUBLISHER_PROGRAM"], "send", "--print", URL, "--data", str(tmp_path), "--method", method]
    command += ["--action", action, "--id", "7", "--interest", "golf & more"]
    for name, value in FIELDS.items():
        command += ["--field", f"{name}={value}"]
    sent = subprocess.run(command, capture_output=True, check=True).stdout
    lines = dict(line.split(": ", 1) for line in sent.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:])
    key = PrivateKey(next(tmp_path.rglob("*.pem")).read_text())
    made = signed_callback(
        URL,
        method=method,
        action=action,
        id=7,
        fields=FIELDS,
        interests=["golf & more"],
        date=parsedate_to_datetime(lines["Date"]),
        nonce=lines["X-Nonce"],
        key=key,
        key_id=lines["Signature"].split('"')[1],
    )
    assert made.raw() == sent


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(1234, ["hooks.example.com"], key_pem=signing_key().public_pem)




def requests() -> "list[tuple[SignedCallback, int]]":
    """A request, the same once more, and one that was tampered with."""
    request = signed_callback("https://hooks.example.com/hook?a=%20b", action="update")
    forged = request.but(body=request.body.replace(b"Mike", b"Eve!"))
    return [(request, 200), (request, 409), (forged, 401)]


def test_with_the_client_of_fastapi(verifier: Verifier) -> None:
    app = FastAPI()

    @app.post("/hook")
    async def hook(verified: Verified = Depends(fastapi_callback(verifier))) -> str:
        return verified.callback.action

    client = TestClient(app, "https://hooks.example.com")
    for request, status in requests():
        assert client.post(request.target, headers=request.headers, content=request.body).status_code == status


def test_with_the_client_of_flask(verifier: Verifier) -> None:
    app = Flask(__name__)

    @app.post("/hook")
    @flask_callback(verifier)
    def hook(verified: Verified) -> str:
        return verified.callback.action

    client = app.test_client()
    for request, status in requests():
        assert client.post(request.target, headers=request.headers, data=request.body).status_code == status


def test_the_program_of_the_package_is_that_of_rust() -> None:
    """Word for word, whatever the verdict."""
    rust = str(Path(os.environ["MOCK_PUBLISHER_PROGRAM"]).with_name("callback-verifier"))
    python = [sys.executable, "-m", "callback_verifier"]
    forged = signed_callback().without_header("X-Nonce").raw()
    for arguments in (["--help"], ["explain", "--account", "1234", "--host", "h.example"], ["key", "a b"], ["verify", "--json"]):
        told = [
            subprocess.run([*program, *arguments], input=forged, capture_output=True, env={**os.environ, "NO_COLOR": "1"})
            for program in ([rust], python)
        ]
        assert [(one.returncode, one.stdout, one.stderr) for one in told[:1]] == [
            (one.returncode, one.stdout, one.stderr) for one in told[1:]
        ]
