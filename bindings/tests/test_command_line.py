"""`python -m callback_verifier` is the program `callback-verifier`: its answers, its exit statuses."""

import json
import signal
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from publisher import HOST, NameServer

from callback_verifier import __main__ as command_line
from callback_verifier.testing import SignedCallback, free_address, signed_callback, signing_key

RECEIVER = ["--account", "1234", "--host", HOST]
KEY_ID = "2026-11._domainkey.copernica.com"


def run(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "callback_verifier", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60)


@pytest.fixture
def request_() -> SignedCallback:
    return signed_callback(f"https://{HOST}/hook")


@pytest.fixture
def pinned(tmp_path: Path) -> "list[str]":
    path = tmp_path / "key.pem"
    path.write_text(signing_key().public_pem)
    return [*RECEIVER, "--key", str(path)]


def test_it_verifies_what_it_is_given(request_: SignedCallback, pinned: "list[str]", tmp_path: Path) -> None:
    saved = tmp_path / "r\udcffequest.http"  # a name that is no UTF-8
    saved.write_bytes(request_.raw())
    done = run("verify", str(saved), "--json", *pinned)
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["verdict"], told["key"]) == (0, b"", "verified", KEY_ID)


@pytest.mark.parametrize("command", ["verify", "explain"])
def test_a_refusal_has_a_status_and_a_reason(request_: SignedCallback, pinned: "list[str]", command: str) -> None:
    forged = request_.but(body=request_.body.replace(b"Mike", b"Eve!")).raw()
    done = run(command, *pinned, stdin=forged)
    assert done.returncode == 1
    assert done.stdout.startswith(b"refused at step 11 of 12: digest_mismatch\n")


def test_what_has_no_verdict_has_other_statuses(request_: SignedCallback, pinned: "list[str]") -> None:
    unreadable = run("verify", *pinned, stdin=request_.raw() + b"more")
    assert (unreadable.returncode, unreadable.stdout) == (2, b"") and unreadable.stderr.startswith(b"error: standard input")
    usage = run("verify")
    assert usage.returncode == 2 and b"Usage: callback-verifier verify" in usage.stderr
    temporary = run("verify", *RECEIVER, "--nameserver", free_address(), stdin=request_.raw())
    assert temporary.returncode == 3 and b"key_unavailable" in temporary.stdout


def test_it_shows_the_key_that_dns_has() -> None:
    server = NameServer(signing_key().record)
    done = run("key", KEY_ID, "--nameserver", server.address)
    assert done.returncode == 0 and done.stdout.startswith(b"usable\n")


def test_help_is_no_mistake_and_a_reader_may_go() -> None:
    assert run("--help").returncode == 0
    assert run("--version").stdout.startswith(b"callback-verifier ")
    process = subprocess.Popen([sys.executable, "-m", "callback_verifier", "verify", "--help"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(30) == 0


def test_it_can_be_interrupted_while_it_waits() -> None:
    process = subprocess.Popen([sys.executable, "-m", "callback_verifier", "verify", *RECEIVER], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == -signal.SIGINT


def test_the_program_comes_with_the_package() -> None:
    [script] = [found for found in entry_points(group="console_scripts") if found.name == "callback-verifier"]
    assert script.load() is command_line.main
