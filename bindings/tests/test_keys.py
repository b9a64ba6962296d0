"""Where keys come from: DNS, as several threads and processes use it."""

import asyncio
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from publisher import HOST, SIGNED_AT, Callback, Key, NameServer, Request

from callback_verifier import KeyLookupError, Rejected, Verifier
from callback_verifier.testing import free_address


def test_a_key_is_looked_up_once_for_all_threads(key: Key, request_: Request) -> None:
    server = NameServer(key.record)
    verifier = Verifier(1234, [HOST], nameservers=[server.address])

    def verify(_: int) -> int:
        return verifier.verify(*request_.arguments, now=SIGNED_AT).account

    assert verify(0) == 1234
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(verify, range(400))) == {1234}
    assert server.queries == 1


def test_threads_look_keys_up_side_by_side(key: Key) -> None:
    server = NameServer(key.record)
    verifier = Verifier(1234, [HOST], nameservers=[server.address])

    def verify(number: int) -> str:
        request = Callback(key_id=f"k{number}.copernica.com").sign(key)
        return verifier.verify(*request.arguments, now=SIGNED_AT).key_name

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(verify, range(64))) == [f"k{number}.copernica.com" for number in range(64)]


@pytest.mark.parametrize(
    ("record", "code", "expected"),
    [
        ("", 3, "key_not_found"),
        ("v=DKIM1; p=", 0, "key_revoked"),
        ("v=spf1 -all", 0, "key_unusable"),
    ],
)
def test_without_a_key_it_is_refused(request_: Request, record: str, code: int, expected: str) -> None:
    verifier = Verifier(1234, [HOST], nameservers=[NameServer(record, code=code).address])
    with pytest.raises(Rejected) as refused:
        verifier.verify(*request_.arguments, now=SIGNED_AT)
    assert (refused.value.code, refused.value.http_status) == (expected, 401)


def test_a_testing_key_needs_an_opt_in(key: Key, request_: Request) -> None:
    server = NameServer(key.record.replace("k=rsa", "k=rsa; t=y"))
    with pytest.raises(Rejected, match="published for testing"):
        Verifier(1234, [HOST], nameservers=[server.address]).verify(*request_.arguments, now=SIGNED_AT)
    allowing = Verifier(1234, [HOST], nameservers=[server.address], allow_testing_keys=True)
    allowing.verify(*request_.arguments, now=SIGNED_AT)


def test_a_server_failure_is_temporary(request_: Request) -> None:
    verifier = Verifier(1234, [HOST], nameservers=[NameServer(code=2).address])
    with pytest.raises(Rejected) as refused:
        verifier.verify(*request_.arguments, now=SIGNED_AT)
    assert (refused.value.code, refused.value.http_status, type(refused.value)) == ("key_unavailable", 503, KeyLookupError)


def test_an_absent_name_server_is_temporary_and_told_at_once(request_: Request) -> None:
    verifier = Verifier(1234, [HOST], nameservers=[free_address()])
    begin = time.monotonic()
    with pytest.raises(Rejected) as refused:
        verifier.verify(*request_.arguments, now=SIGNED_AT)
    assert isinstance(refused.value, KeyLookupError) and refused.value.hint
    assert time.monotonic() - begin < 2


def test_a_silent_name_server_is_temporary_and_soon_told_while_others_run(request_: Request) -> None:
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.1", 0))
    verifier = Verifier(1234, [HOST], nameservers=["{}:{}".format(*silent.getsockname())])
    stop, turns = threading.Event(), 0

    def others() -> None:
        nonlocal turns
        while not stop.wait(0.01):
            turns += 1

    thread = threading.Thread(target=others)
    thread.start()
    begin = time.monotonic()
    with pytest.raises(Rejected) as refused:
        verifier.verify(*request_.arguments, now=SIGNED_AT)
    took = time.monotonic() - begin
    stop.set()
    thread.join()
    silent.close()
    assert isinstance(refused.value, KeyLookupError) and refused.value.hint
    assert took < 4
    # An interpreter that was held meanwhile would have let the other thread run only a few times.
    assert turns > took / 0.01 / 4


def test_a_rotated_key_is_found_by_many_threads_with_one_more_question(key: Key, request_: Request) -> None:
    server = NameServer(key.record)
    verifier = Verifier(1234, [HOST], nameservers=[server.address])
    verifier.verify(*request_.arguments, now=SIGNED_AT)
    following = Key()
    server.publish(following.record)
    signed, later = Callback().sign(following), SIGNED_AT + timedelta(seconds=31)
    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(lambda _: verifier.verify(*signed.arguments, now=later).account, range(64)))
    assert accepted == [1234] * 64
    assert server.queries == 2


def test_a_proven_key_outlives_a_name_server_that_fails(key: Key, request_: Request) -> None:
    server = NameServer(key.record)
    verifier = Verifier(1234, [HOST], nameservers=[server.address], max_age=3600)
    verifier.verify(*request_.arguments, now=SIGNED_AT)
    server.publish(code=2)
    for seconds in (700, 701, 731):
        verifier.verify(*request_.arguments, now=SIGNED_AT + timedelta(seconds=seconds))
    assert server.queries == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_process_looks_keys_up_too(key: Key, request_: Request) -> None:
    server = NameServer(key.record)
    verifier = Verifier(1234, [HOST], nameservers=[server.address])
    verifier.verify(*request_.arguments, now=SIGNED_AT)
    other = Callback(key_id="other.copernica.com").sign(key)
    child = os.fork()
    if child == 0:
        try:
            verifier.verify(*request_.arguments, now=SIGNED_AT)
            os._exit(0 if verifier.verify(*other.arguments, now=SIGNED_AT).account == 1234 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    verifier.verify(*Callback(key_id="third.copernica.com").sign(key).arguments, now=SIGNED_AT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_process_looks_keys_up_in_asyncio_too(key: Key, request_: Request) -> None:
    """The threads of its parent are not there any more."""
    server = NameServer(key.record)
    verifier = Verifier(1234, [HOST], nameservers=[server.address])
    asyncio.run(verifier.averify(*request_.arguments, now=SIGNED_AT))
    other = Callback(key_id="other.copernica.com").sign(key)
    child = os.fork()
    if child == 0:
        try:
            verified = asyncio.run(asyncio.wait_for(verifier.averify(*other.arguments, now=SIGNED_AT), 20))
            os._exit(0 if verified.account == 1234 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
