"""The figures of the Python package, as one JSON object on standard output; progress goes to standard error.

As in Rust, both sides of a ratio are measured in turn, in short batches, and the ratio is the median of the pairs. The bare RSA
verification is measured by a program in Rust beside this one.

Usage: python bindings/benches/ratios.py [NAME...]     without a name, all of them; a part of a name is enough
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from callback_verifier import Rejected, Verifier
from recipe import Recipe

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bindings" / "tests"))
from publisher import NameServer  # noqa: E402  (it is with the tests)

HOST = "hooks.example.com"
PAIRS, BATCH = 400, 100
THREAD_ROUNDS, THREAD_BATCH = 60, 1000
CALLS = 1_000_000
#: Its date must stay fresh while all is measured.
DAY = 24 * 60 * 60


Request = tuple[str, str, list[tuple[str, str]], bytes]


class Raw:
    """The bare RSA verification, in Rust, of the callback that it tells."""

    def __init__(self) -> None:
        command = ["cargo", "bench", "--quiet", "-p", "callback-verifier", "--features", "sign,axum", "--bench", "raw"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        told = json.loads(self._answer())
        request = told["request"]
        headers = [(name, value) for name, value in request["headers"]]
        self.request: Request = ("POST", request["target"], headers, request["body"].encode())
        self.key_id: str = told["key_id"]
        self.key_pem: str = told["key_pem"]

    def seconds_each(self, count: int) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the program that measures the bare verification has ended")
        return line

    def stop(self) -> None:
        self._process.communicate()


def seconds_each(count: int, verify: Callable[..., object], request: Request) -> float:
    """How long a call takes, with hardly anything but the calls in between."""
    method, target, headers, body = request
    begun = time.perf_counter()
    for _ in range(count):
        verify(method, target, headers, body)
    return (time.perf_counter() - begun) / count


def microseconds(seconds: list[float]) -> float:
    return round(median(seconds) * 1e6, 3)


class Figures:
    def __init__(self, raw: Raw) -> None:
        self.raw, self.request = raw, raw.request
        record = f"v=DKIM1;k=rsa;p={''.join(raw.key_pem.splitlines()[1:-1])}"
        # The key comes from DNS and is kept, as it is with a receiver.
        self.verifier = Verifier(1234, [HOST], nameservers=[NameServer(record).address], max_age=DAY)
        self.recipe = Recipe(1234, HOST, {raw.key_id: raw.key_pem}, max_age=DAY)
        forged = (*self.request[:3], self.request[3].replace(b"Mike", b"Eve!"))
        assert self.verifier.verify(*self.request).body == self.request[3] and self.recipe.verify(*self.request)
        assert self.recipe.verify(*forged) is None
        self.forged = forged

    def python_vs_raw(self) -> dict[str, float]:
        """Steps 1 to 11 of a callback of 400 bytes, its key kept, against the bare RSA-2048 verification in Rust."""
        pairs = [(self._seconds_each(BATCH), self.raw.seconds_each(BATCH)) for _ in range(PAIRS)]
        return {
            "ratio": round(median(raw / whole for whole, raw in pairs), 3),
            "verify_us": microseconds([whole for whole, _ in pairs]),
            "raw_us": microseconds([raw for _, raw in pairs]),
        }

    def python_vs_recipe(self) -> dict[str, float]:
        """The same against a recipe on `cryptography`, with its key parsed once."""
        recipe = self.recipe.verify
        pairs = [(self._seconds_each(BATCH), seconds_each(BATCH, recipe, self.request)) for _ in range(PAIRS)]
        return {
            "ratio": round(median(theirs / ours for ours, theirs in pairs), 2),
            "recipe_us": microseconds([theirs for _, theirs in pairs]),
        }

    def python_two_threads(self) -> dict[str, float]:
        """How much more two threads verify than one."""
        rounds = [self._seconds_of(1) / self._seconds_of(2) * 2 for _ in range(THREAD_ROUNDS)]
        return {"ratio": round(median(rounds), 2)}

    def python_memory(self) -> dict[str, float]:
        """How the resident memory after a million calls compares with that before; some of them read the payload, some are refused."""
        self._calls(CALLS // 20)
        before = resident()
        self._calls(CALLS)
        after = resident()
        return {"ratio": round(after / before, 3), "grown_kib": after - before, "resident_kib": after}

    def _seconds_each(self, count: int) -> float:
        return seconds_each(count, self.verifier.verify, self.request)

    def _calls(self, count: int) -> None:
        for n in range(count):
            if n % 4 == 0:
                assert self.verifier.verify(*self.request).callback.fields["name"] == "Mike"
            elif n % 4 == 1:
                try:
                    self.verifier.verify(*self.forged)
                except Rejected as rejected:
                    assert rejected.code == "digest_mismatch"
            else:
                self.verifier.verify(*self.request)

    def _seconds_of(self, threads: int) -> float:
        """How long a batch takes when so many threads do one each."""
        start = threading.Barrier(threads)
        took: list[float] = []

        def batch() -> None:
            start.wait()
            took.append(self._seconds_each(THREAD_BATCH))

        running = [threading.Thread(target=batch) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return max(took)


def resident() -> int:
    """The resident memory of this process in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


def main(wanted: list[str]) -> None:
    raw = Raw()
    figures = Figures(raw)
    report: dict[str, Any] = {}
    for name in ("python_vs_raw", "python_vs_recipe", "python_two_threads", "python_memory"):
        if not wanted or any(part in name for part in wanted):
            print(name, file=sys.stderr)
            report[name] = getattr(figures, name)()
    raw.stop()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
