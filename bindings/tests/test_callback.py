"""What an authentic body tells, and that a callback is handled once."""

import asyncio
import gc
import json
import socket
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from publisher import BODY, HOST, SIGNED_AT, Callback, Key, NameServer, Request

import callback_verifier as cv
from callback_verifier import Rejected, Verified, Verifier


def verified(key: Key, body: bytes, content_type: str = "application/json", **extra: str) -> Verified:
    verifier = Verifier(1234, [HOST], key_pem=key.pem)
    request = Callback(body=body, extra={"Content-Type": content_type, **extra}).sign(key)
    return verifier.verify(*request.arguments, now=SIGNED_AT)


def test_a_callback_can_be_matched(key: Key) -> None:
    body = b'{"id":"7","action":"update","fields":{"name":"Mike","city":""},"interests":["tennis","golf"]}'
    callback = verified(key, body).callback
    match callback:
        case cv.Callback("update", "profile", id, fields={"name": name}):
            assert (id, name) == ("7", "Mike")
        case _:
            pytest.fail(repr(callback))
    assert isinstance(callback.fields, Mapping) and dict(callback.fields) == {"name": "Mike", "city": ""}
    assert (callback.interests, callback.dialect) == (("tennis", "golf"), "json")
    assert (callback.changed, callback.profile, callback.time) == (None, None, None)
    with pytest.raises(TypeError):
        callback.fields["name"] = "Eve"  # type: ignore[index]
    with pytest.raises(AttributeError):
        callback.action = "delete"  # type: ignore[misc]
    same = verified(key, body).callback
    assert callback == same and hash(callback) == hash(same) and callback is not same
    assert callback != verified(key, body.replace(b"Mike", b"Nick")).callback
    assert repr(callback) == 'Callback(action="update", entity="profile", id="7", fields=<2>, interests=<2>)'


def test_a_callback_comes_in_several_forms(key: Key) -> None:
    xml = b"<subprofile><id>7</id><action>create</action><fields><name>Mike</name></fields></subprofile>"
    form = b"type=delete&profile=7&database=1&fields%5Bname%5D=Mike&time=1795421700"
    for body, content_type, expected in (
        (xml, "application/xml", ("create", "subprofile", "7", "xml")),
        (form, "application/x-www-form-urlencoded", ("delete", "profile", "7", "form")),
    ):
        callback = verified(key, body, content_type).callback
        assert (callback.action, callback.entity, callback.id, callback.dialect) == expected
        assert callback.fields["name"] == "Mike"
    assert verified(key, form, "application/x-www-form-urlencoded").callback.time == 1795421700


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id":1,"id":2}', b"\xff", b'{"id":"1","action":"x","fields":{}}'])
def test_an_authentic_body_that_is_no_callback_is_an_error_of_its_own(key: Key, body: bytes) -> None:
    evidence = verified(key, body)
    assert evidence.body == body
    with pytest.raises(cv.PayloadError):
        _ = evidence.callback


def test_two_stages_for_a_body_that_comes_in_parts(key: Key, verifier: Verifier, request_: Request) -> None:
    head = verifier.head(request_.method, request_.target, request_.headers, now=SIGNED_AT)
    assert type(head) is cv.AuthenticHead and (head.account, head.nonce) == (1234, None)
    parts = head.body_verifier()
    for part in (BODY[:10], BODY[10:10], BODY[10:]):
        parts.update(part)
    evidence = parts.finish()
    assert type(evidence) is cv.VerifiedStream and evidence.covered == head.covered
    with pytest.raises(ValueError, match="this body has ended"):
        parts.update(b"")
    with pytest.raises(ValueError, match="this body has ended"):
        parts.finish()

    parts = head.body_verifier()
    parts.update(BODY)
    with pytest.raises(Rejected) as rejected:
        parts.update(b" ")
    assert rejected.value.code == "content_length_mismatch"
    parts = head.body_verifier()
    parts.update(BODY.replace(b"Mike", b"Nick"))
    with pytest.raises(cv.NotAuthentic) as rejected:
        parts.finish()
    assert rejected.value.code == "digest_mismatch"

    assert head.verify_body(BODY).body is BODY
    with pytest.raises(cv.NotAuthentic):
        head.verify_body(BODY.replace(b"Mike", b"Nick"))
    with pytest.raises(Rejected):
        verifier.head("POST", "/other", request_.headers, now=SIGNED_AT)


def signed(key: Key, nonce: str) -> Request:
    return Callback(extra={"X-Nonce": nonce}).sign(key)


def test_a_callback_is_handled_once(key: Key) -> None:
    verifier = Verifier(1234, [HOST], key_pem=key.pem)
    evidence = verifier.verify(*signed(key, "once").arguments, now=SIGNED_AT)
    assert evidence.nonce == "once"
    with pytest.raises(ZeroDivisionError):
        with verifier.claim(evidence, now=SIGNED_AT):
            with pytest.raises(cv.TryAgainLater) as rejected:
                verifier.claim(evidence, now=SIGNED_AT)
            assert (rejected.value.code, rejected.value.http_status) == ("replay_pending", 503)
            assert rejected.value.retry_after is not None and rejected.value.retry_after > 0
            _ = 1 / 0
    with verifier.claim(evidence, now=SIGNED_AT) as claim:
        pass
    with pytest.raises(cv.Replayed) as replayed:
        verifier.claim(evidence, now=SIGNED_AT)
    assert (replayed.value.code, replayed.value.http_status) == ("replayed", 409)
    with pytest.raises(ValueError, match="committed or released before"):
        claim.commit()

    other = verifier.verify(*signed(key, "other").arguments, now=SIGNED_AT)
    with verifier.claim(other, now=SIGNED_AT) as claim:
        claim.release()
    claim = verifier.claim(other, now=SIGNED_AT)
    del claim
    gc.collect()
    verifier.claim(other, now=SIGNED_AT).commit()

    # A stream that was checked can be claimed, and a head alone cannot.
    request = signed(key, "stream")
    head = verifier.head(request.method, request.target, request.headers, now=SIGNED_AT)
    parts = head.body_verifier()
    parts.update(BODY)
    verifier.claim(parts.finish(), now=SIGNED_AT).commit()
    with pytest.raises(TypeError, match="`verified` must be Verified or VerifiedStream, got AuthenticHead"):
        verifier.claim(head, now=SIGNED_AT)  # type: ignore[arg-type]


def test_a_nonce_must_be_there_and_covered(key: Key, verifier: Verifier, request_: Request) -> None:
    evidence = verifier.verify(*request_.arguments, now=SIGNED_AT)
    with pytest.raises(cv.Rejected) as rejected:
        verifier.claim(evidence, now=SIGNED_AT)
    assert rejected.value.code == "nonce_missing"
    unguarded = Verifier(1234, [HOST], key_pem=key.pem, replay_capacity=0)
    for _ in range(2):
        unguarded.claim(evidence, now=SIGNED_AT).commit()
    small = Verifier(1234, [HOST], key_pem=key.pem, replay_capacity=1)
    held = []
    with pytest.raises(cv.TryAgainLater) as full:
        for number in range(10_000):
            evidence = small.verify(*signed(key, f"n{number}").arguments, now=SIGNED_AT)
            held.append(small.claim(evidence, now=SIGNED_AT))
    assert full.value.code == "replay_guard_full"
    with pytest.raises(ValueError, match="`replay_capacity` must be between 0 and 100000000"):
        Verifier(1234, [HOST], key_pem=key.pem, replay_capacity=10**9)


def test_of_many_threads_one_handles_a_callback(key: Key) -> None:
    verifier = Verifier(1234, [HOST], key_pem=key.pem)
    evidence = verifier.verify(*signed(key, "many").arguments, now=SIGNED_AT)
    handled, start = [], threading.Barrier(8)

    def handle() -> None:
        start.wait()
        try:
            with verifier.claim(evidence, now=SIGNED_AT):
                handled.append(1)
        except Rejected:
            pass

    threads = [threading.Thread(target=handle) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert handled == [1]


def test_asyncio_waits_for_dns_and_other_tasks_run_meanwhile(key: Key) -> None:
    request = Callback().sign(key)
    verifier = Verifier(1234, [HOST], nameservers=[NameServer(key.record).address])
    assert verifier.verify_at_once(*request.arguments, now=SIGNED_AT) is None

    async def main() -> None:
        evidence = await verifier.averify(*request.arguments, now=SIGNED_AT)
        assert evidence.body == BODY
        # By now the key is at hand.
        assert verifier.verify_at_once(*request.arguments, now=SIGNED_AT) is not None
        with pytest.raises(cv.NotAuthentic):
            await verifier.averify(*request.but(target="/other").arguments, now=SIGNED_AT)

    asyncio.run(main())


def test_asyncio_does_not_stand_still_while_dns_does_not_answer(key: Key) -> None:
    request = Callback().sign(key)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        verifier = Verifier(1234, [HOST], nameservers=["{}:{}".format(*silent.getsockname())])

        async def main() -> int:
            ticks = 0
            waiting = asyncio.ensure_future(verifier.averify(*request.arguments, now=SIGNED_AT))
            while not waiting.done():
                await asyncio.sleep(0.01)
                ticks += 1
            assert isinstance(waiting.exception(), cv.KeyLookupError)
            return ticks

        assert asyncio.run(main()) > 50


def test_lookups_take_no_thread_of_the_application(key: Key) -> None:
    """Strangers can make DNS be asked for names that they invent."""
    request = Callback().sign(key)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        verifier = Verifier(1234, [HOST], nameservers=["{}:{}".format(*silent.getsockname())])

        async def main() -> int:
            waiting = [
                asyncio.ensure_future(verifier.averify(*request.arguments, now=SIGNED_AT)) for _ in range(64)
            ]
            await asyncio.sleep(0)
            done = await asyncio.to_thread(lambda: sum(one.done() for one in waiting))
            await asyncio.wait(waiting)
            assert all(isinstance(one.exception(), cv.KeyLookupError) for one in waiting)
            return done

        assert asyncio.run(main()) < 64


def test_a_refusal_is_explained(key: Key, verifier: Verifier, request_: Request) -> None:
    explanation = verifier.explain(*request_.but(target="/internal/hook?x=1").arguments, now=SIGNED_AT)
    assert (explanation["verdict"], explanation["code"]) == ("refused", "bad_signature")
    assert explanation["findings"][0]["would_verify_if"] == "the request target were `/hook?x=1`"
    assert json.dumps(explanation)
    assert verifier.explain(*request_.arguments, now=SIGNED_AT)["verdict"] == "verified"


@pytest.mark.parametrize("body", ["text", {"id": 1}, None, bytearray(b"x"), memoryview(b"x")])
def test_a_body_that_is_not_the_raw_bytes_is_told_where_those_are(
    verifier: Verifier, request_: Request, body: object
) -> None:
    calls: list[Any] = [verifier.verify, verifier.verify_at_once, verifier.explain]
    for verify in calls:
        with pytest.raises(TypeError, match=r"`body` must be bytes, got .*`request.get_data\(\)` in Flask"):
            verify(request_.method, request_.target, request_.headers, body)


def test_a_claim_ends_with_its_date(key: Key) -> None:
    verifier = Verifier(1234, [HOST], key_pem=key.pem)
    evidence = verifier.verify(*signed(key, "late").arguments, now=SIGNED_AT)
    with pytest.raises(cv.NotAuthentic) as rejected:
        verifier.claim(evidence, now=SIGNED_AT + timedelta(seconds=400))
    assert rejected.value.code == "date_too_old"


@pytest.mark.parametrize("settle", ["commit", "release"])
def test_a_claim_is_for_one_time(key: Key, settle: str) -> None:
    """With one that is settled nothing keeps the same request out."""
    verifier = Verifier(1234, [HOST], key_pem=key.pem)
    claim = verifier.claim(verifier.verify(*signed(key, settle).arguments, now=SIGNED_AT), now=SIGNED_AT)
    getattr(claim, settle)()
    with pytest.raises(ValueError, match="this claim was committed or released before"), claim:
        pytest.fail("handled without a claim")
