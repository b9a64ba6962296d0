"""The program `callback-verifier`, also as `python -m callback_verifier`: verifies a saved request, explains why one is refused, or shows a key.

It is the very program that the Rust package builds. `--help` says what it takes, and how it ends.
"""

from __future__ import annotations

import signal
import sys

from callback_verifier._native import command_line


def main() -> int:
    # It waits outside of Python, where no handler of Python's would run: Ctrl-C ends it at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return command_line(["callback-verifier", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
