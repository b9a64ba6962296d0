"""The vectors that Rust and Python share: each is judged in Python as it is in Rust."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from publisher import NameServer

from callback_verifier import BodyTooLarge, Malformed, NotAuthentic, Rejected, Replayed, TryAgainLater, Verifier

DOCUMENT = json.loads((Path(__file__).parents[2] / "tests" / "vectors" / "verdicts.json").read_text())
CLASSES = {400: Malformed, 401: NotAuthentic, 409: Replayed, 413: BodyTooLarge, 503: TryAgainLater}
SERVFAIL, NXDOMAIN = 2, 3


@pytest.fixture(scope="module")
def name_server() -> NameServer:
    return NameServer()


def arguments(request: "dict[str, Any]") -> "dict[str, Any]":
    """Texts are Latin-1, which is what a str of a header is; a body is bytes."""
    headers = [tuple(line) for line in request["headers"]]
    return {**request, "headers": headers, "body": request["body"].encode("latin-1")}


@pytest.mark.parametrize("vector", DOCUMENT["vectors"], ids=lambda vector: vector["id"])
def test_each_is_judged_as_the_file_says(vector: "dict[str, Any]", name_server: NameServer) -> None:
    records = vector["records"]
    if records is None:
        name_server.publish(code=SERVFAIL)
    else:
        name_server.publish(*records, code=0 if records else NXDOMAIN)
    verifier = Verifier(nameservers=[name_server.address], **vector["receiver"])
    now = datetime.fromtimestamp(vector["now"], timezone.utc)
    held = []
    for earlier in vector["before"]:
        claim = verifier.claim(verifier.verify(**arguments(earlier["request"]), now=now), now=now)
        claim.commit() if earlier["was"] == "handled" else held.append(claim)

    def judge() -> None:
        verifier.claim(verifier.verify(**arguments(vector["request"]), now=now), now=now).commit()

    if vector["verdict"] == "verified":
        judge()
        return
    with pytest.raises(Rejected) as refused:
        judge()
    error = refused.value
    told = {name: getattr(error, name) for name in ("code", "step", "http_status", "retry_after")}
    assert told == vector["verdict"]
    assert isinstance(error, CLASSES[error.http_status])


def test_the_file_has_both_verdicts_and_all_classes() -> None:
    verdicts = [vector["verdict"] for vector in DOCUMENT["vectors"]]
    assert verdicts.count("verified") >= 20
    assert {verdict["http_status"] for verdict in verdicts if verdict != "verified"} == set(CLASSES)
