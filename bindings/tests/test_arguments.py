"""An argument that makes no sense is named, with what it should have been."""

from datetime import datetime
from typing import Any

import pytest
from publisher import BODY, HOST, Request

from callback_verifier import Verifier


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"account": "1234"}, TypeError, "`account` must be an int or a sequence of int, got str"),
        ({"account": True}, TypeError, "`account` must be int, got bool"),
        ({"account": None}, TypeError, "`account` must be an int or a sequence of int, got NoneType"),
        ({"account": ["1234"]}, TypeError, "`account` must be int, got str"),
        ({"account": 12.5}, TypeError, "`account` must be an int or a sequence of int, got float"),
        ({"account": -1}, ValueError, "`account` must be between 0 and 2**64 - 1, got -1"),
        ({"account": 2**64}, ValueError, "`account` must be between 0 and 2**64 - 1, got 18446744073709551616"),
        ({"account": []}, ValueError, "no account is expected: name the account"),
        ({"hosts": HOST}, TypeError, "`hosts` must be a sequence of str, got str"),
        ({"hosts": [b"a.example"]}, TypeError, "`hosts` must be str, got bytes"),
        ({"hosts": []}, ValueError, "no host is expected: name the host"),
        ({"hosts": ["https://a.example"]}, ValueError, "`https://a.example` is no host name"),
        ({"zones": "example.org"}, TypeError, "`zones` must be a sequence of str, got str"),
        ({"zones": ["a b"]}, ValueError, "`a b` is no DNS zone"),
        ({"nameservers": "127.0.0.1"}, TypeError, "`nameservers` must be a sequence of str, got str"),
        ({"nameservers": ["dns.example"]}, ValueError, "`nameservers` must be IP addresses, such as"),
        ({"key_pem": b"-----BEGIN"}, TypeError, "`key_pem` must be str, got bytes"),
        ({"key_pem": "nonsense"}, ValueError, "`key_pem` is unusable: not a PEM file"),
        ({"max_age": -1}, ValueError, "`max_age` must be between 0 and 2**64 - 1, got -1"),
        ({"max_age": 1.5}, TypeError, "`max_age` must be int, got float"),
        ({"max_ahead": "60"}, TypeError, "`max_ahead` must be int, got str"),
        ({"max_body": -5}, ValueError, "`max_body` must be between 0"),
        ({"min_key_bits": 512}, ValueError, "keys of at least 512 bits: expected 1024 to 8192"),
        ({"min_key_bits": 2**40}, ValueError, "expected 1024 to 8192"),
    ],
)
def test_of_a_verifier(arguments: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        Verifier(**{"account": 1234, "hosts": [HOST], **arguments})
    assert text in str(raised.value)


def test_a_pinned_key_and_name_servers_exclude_each_other(key: Any) -> None:
    with pytest.raises(ValueError, match="give one of them"):
        Verifier(1234, [HOST], key_pem=key.pem, nameservers=["127.0.0.1"])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"method": b"POST"}, TypeError, "`method` must be str, got bytes"),
        ({"target": None}, TypeError, "`target` must be str, got NoneType"),
        ({"headers": {"Host": HOST}}, TypeError, "`headers` must be a sequence of (name, value) pairs, got dict; a header"),
        ({"headers": None}, TypeError, "`headers` must be a sequence of (name, value) pairs, got NoneType"),
        ({"headers": "Host: a"}, TypeError, "each pair a tuple, got str"),
        ({"headers": [["Host", HOST]]}, TypeError, "each pair a tuple, got list"),
        ({"headers": [("Host",)]}, TypeError, "`headers` must hold (name, value) pairs, got 1 items"),
        ({"headers": [("Host", 1)]}, TypeError, "`headers` must be names and values of str or bytes, got int"),
        ({"headers": [("Host", bytearray(b"a"))]}, TypeError, "got bytearray"),
        ({"headers": [("Host", "\u20ac")]}, ValueError, "values of Latin-1 characters"),
        ({"headers": [("Host", "\ud800")]}, ValueError, "values of Latin-1 characters"),
        ({"headers": [(b"\xff", "a")]}, ValueError, "names of ASCII characters"),
        ({"headers": [("\xff", "a")]}, ValueError, "names of ASCII characters"),
        ({"body": BODY.decode()}, TypeError, "`body` must be bytes, got str"),
        ({"body": bytearray(BODY)}, TypeError, "`body` must be bytes, got bytearray"),
        ({"body": memoryview(BODY)}, TypeError, "`body` must be bytes, got memoryview"),
        ({"now": "today"}, TypeError, "`now` must be a number of seconds since 1970 or a datetime, got str"),
        ({"now": datetime(2026, 11, 23)}, ValueError, "`now` must be a datetime with a time zone"),
        ({"now": -1}, ValueError, "`now` must be between the years 1970 and 9999, got -1"),
        ({"now": float("nan")}, ValueError, "got nan"),
        ({"now": float("inf")}, ValueError, "got inf"),
        ({"now": 1e300}, ValueError, "`now` must be between the years 1970 and 9999"),
    ],
)
def test_of_a_request(
    verifier: Verifier, request_: Request, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    usual = {"method": "POST", "target": "/hook", "headers": request_.headers, "body": BODY}
    with pytest.raises(error) as raised:
        verifier.verify(**{**usual, **arguments})
    assert text in str(raised.value)
