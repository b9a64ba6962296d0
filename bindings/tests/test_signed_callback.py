"""Requests for tests of receivers, signed without any server."""

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from publisher import HOST, SIGNED_AT, Key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from callback_verifier import Rejected, Verifier
from callback_verifier.testing import PrivateKey, SignedCallback, signed_callback, signing_key


@pytest.fixture(scope="module")
def receiver() -> Verifier:
    return Verifier(1234, [HOST], key_pem=signing_key().public_pem)


def refused(receiver: Verifier, request: SignedCallback) -> "str | None":
    try:
        receiver.verify(*request.arguments)
    except Rejected as rejected:
        return rejected.code
    return None


def test_a_request_is_genuine_without_further_ado(receiver: Verifier) -> None:
    request = signed_callback()
    verified = receiver.verify(*request.arguments)
    callback = verified.callback
    assert (callback.entity, callback.action, callback.id) == ("profile", "create", "1")
    assert callback.fields == {"name": "Mike", "email": "mike@example.com"}
    assert verified.nonce != receiver.verify(*signed_callback().arguments).nonce
    assert re.fullmatch(r"SignedCallback\(method='POST', target='/hook', headers=\[.*\], body=b'.*'\)", repr(request))


@pytest.mark.parametrize("method", ["json", "xml", "form"])
@pytest.mark.parametrize("action", ["create", "update", "delete"])
@pytest.mark.parametrize("interests", [("tennis", "golf & more"), None])
def test_every_form_is_read_as_it_was_told(receiver: Verifier, method: str, action: str, interests: Any) -> None:
    fields = {"name": "a<b>&\"'\r\n\t\U0001f3be]]> %41+=;~*", "2nd": "x", "xmlish": "y", "Stra\u00dfe": "z"}
    request = signed_callback(action=action, id=7, fields=fields, interests=interests, method=method)
    callback = receiver.verify(*request.arguments).callback
    entity = "profile" if interests else "subprofile"
    assert (callback.entity, callback.action, callback.id, callback.dialect) == (entity, action, "7", method)
    assert callback.fields == fields
    # A removal does not tell interests in a form.
    assert callback.interests == (interests or ()) or (method, action) == ("form", "delete")


def test_all_that_is_signed_can_be_chosen() -> None:
    own = Key()
    pem = own._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    options: dict[str, Any] = {"account": 9, "date": SIGNED_AT, "nonce": "n1", "key": PrivateKey(pem), "key_id": "k.example.org"}
    extra = {"X-Trace": "t"}
    request = signed_callback(
        "https://h.example:8443/a%20b?x=1", body=b"<", content_type="text/plain", extra=extra, covered=f"{COVERED} x-trace", **options
    )
    verified = Verifier(9, ["h.example:8443"], key_pem=own.pem, zones=["example.org"]).verify(*request.arguments, now=SIGNED_AT)
    assert (verified.account, verified.nonce, verified.key_name, verified.body) == (9, "n1", "k.example.org", b"<")
    assert verified.date == SIGNED_AT.timestamp()
    assert verified.covered["(request-target)"] == "post /a%20b?x=1"
    assert (verified.covered["content-type"], verified.covered["x-trace"]) == ("text/plain", "t")
    assert request.raw() == signed_callback(
        "https://h.example:8443/a%20b?x=1", body=b"<", content_type="text/plain", extra=extra, covered=f"{COVERED} x-trace", **options
    ).raw()
    assert request.raw().startswith(b"POST /a%20b?x=1 HTTP/1.1\r\nHost: h.example:8443\r\n")


COVERED = "(request-target) host date content-length content-type x-copernica-id digest x-nonce"


def test_what_is_changed_afterwards_is_refused(receiver: Verifier) -> None:
    request = signed_callback()
    now = datetime.now(timezone.utc)
    for forged, code in (
        (request.but(body=request.body.replace(b"Mike", b"Eve!")), "digest_mismatch"),
        (request.but(target="/hook?admin=1"), "bad_signature"),
        (request.without_header("signature"), "signature_missing"),
        (request.with_header("HOST", "h.example"), "wrong_host"),
        (request.with_header("content-type", "text/plain"), "bad_signature"),
        (signed_callback(account=1235), "wrong_account"),
        (signed_callback(date=now - timedelta(hours=1)), "date_too_old"),
        (signed_callback(date=now.timestamp() + 3600), "date_in_future"),
        (signed_callback(key=PrivateKey.generate()), "bad_signature"),
        (signed_callback(key_id="k.example.org"), "foreign_key"),
        (signed_callback(covered="(request-target) host date"), "coverage_missing"),
    ):
        assert refused(receiver, forged) == code
    assert refused(receiver, request.with_header("X-Forwarded-For", "::1")) is None


def test_a_header_stays_where_it_was() -> None:
    request = signed_callback()
    names = [name for name, _ in request.headers]
    assert [name for name, _ in request.with_header("Date", "now").headers] == names
    assert [name for name, _ in request.with_header("X-New", "1").headers] == [*names, "X-New"]


def test_the_key_can_be_published(receiver: Verifier) -> None:
    record = signing_key().record
    body = "".join(signing_key().public_pem.splitlines()[1:-1])
    assert record == f"v=DKIM1;k=rsa;p={body}"
    assert signing_key() is signing_key()


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"url": "ftp://h.example"}, ValueError, "`url` must be an `http://` or `https://` URL, got 'ftp://h.example'"),
        ({"url": "https://user@h.example"}, ValueError, "`url` must be"),
        ({"action": "remove"}, ValueError, "`action` must be 'create', 'update' or 'delete', got 'remove'"),
        ({"method": "yaml"}, ValueError, "`method` must be 'json', 'xml' or 'form', got 'yaml'"),
        ({"date": datetime(2026, 11, 23)}, ValueError, "`date` must be a datetime with a time zone"),
        ({"covered": "host x-other"}, ValueError, "x-other"),
        ({"covered": "host host"}, ValueError, "`covered`: `headers` lists"),
        ({"key_id": "a b"}, ValueError, "`key_id`: "),
        ({"nonce": "\u20ac"}, ValueError, "values of Latin-1 characters"),
    ],
)
def test_an_argument_that_makes_no_sense_is_named(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error) as raised:
        signed_callback(**options)
    assert text in str(raised.value)


@pytest.mark.parametrize(("pem", "error"), [("nonsense", ValueError), (signing_key().public_pem, ValueError), (b"", TypeError)])
def test_what_is_no_private_key_is_none(pem: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="`pem`"):
        PrivateKey(pem)
