"""Judges requests: reads one JSON array of requests per line, writes one of answers.

    judge.py strings     for a request with `"covered": ...`: its signing string in hexadecimal, or which header it lacks
    judge.py verdicts    the steps that a request fails, each with a reason; the first line holds the receiver's settings
"""

import json
import sys

from canonical import Refused, Request
from receiver import Receiver


def signing_string(record):
    try:
        return {"string": Request(record).signing_string(record["covered"].encode().split(b" ")).hex()}
    except Refused as reason:
        return {"refused": str(reason)}


def main():
    judge = signing_string
    if sys.argv[1] == "verdicts":
        receiver = Receiver(json.loads(sys.stdin.readline()))
        judge = lambda record: receiver.faults(Request(record))
    for line in sys.stdin:
        print(json.dumps([judge(record) for record in json.loads(line)]), flush=True)


if __name__ == "__main__":
    main()
