"""The server that applications are tried in has what WSGI (PEP 3333) promises them."""

import http.client
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from callback_verifier.testing._http import Served


def post(served: Served, body: "bytes | Iterable[bytes]") -> bytes:
    connection = http.client.HTTPConnection(served.address, timeout=10)
    try:
        connection.request("POST", "/hook", body, encode_chunked=not isinstance(body, bytes))
        return connection.getresponse().read()
    finally:
        connection.close()


READERS: "dict[str, Callable[[Any], list[bytes]]]" = {
    "read": lambda stream: [stream.read()],
    "read in parts": lambda stream: list(iter(lambda: stream.read(3), b"")),
    "readline": lambda stream: list(iter(stream.readline, b"")),
    "readlines": lambda stream: stream.readlines(),
    "iteration": list,
}


@pytest.mark.parametrize("how", READERS)
@pytest.mark.parametrize("body", [b"", b"one\ntwo\nthree", b"x" * 200_000 + b"\n"], ids=["empty", "lines", "long"])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_body_is_read_in_every_way(how: str, body: bytes, in_chunks: bool) -> None:
    def app(environ: "dict[str, Any]", start_response: "Callable[..., Any]") -> "list[bytes]":
        parts = READERS[how](environ["wsgi.input"])
        start_response("200 OK", [])
        return [b"%d " % len(parts), b"".join(parts)]

    def chunks() -> "Iterator[bytes]":
        yield from (body[at : at + 70_000] for at in range(0, len(body), 70_000))

    with Served(app) as served:
        count, _, read = post(served, chunks() if in_chunks else body).partition(b" ")
    assert read == body
    lines = {"readline", "readlines", "iteration"}
    if how in lines:
        assert int(count) == len(body.splitlines())


def test_an_application_may_write() -> None:
    def app(_: "dict[str, Any]", start_response: "Callable[..., Any]") -> "list[bytes]":
        write = start_response("200 OK", [])
        write(b"written, ")
        return [b"returned"]

    with Served(app) as served:
        assert post(served, b"") == b"written, returned"
