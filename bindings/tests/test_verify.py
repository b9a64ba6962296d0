"""What is verified, what is refused, and how both look in Python."""

import pickle
from datetime import datetime, timedelta, timezone

import pytest
from publisher import BODY, HOST, KEY_ID, SIGNED_AT, Callback, Key, Request

from callback_verifier import NotAuthentic, Rejected, Verified, Verifier


def test_a_genuine_request_is_verified(verifier: Verifier, request_: Request) -> None:
    verified = verifier.verify(*request_.arguments, now=SIGNED_AT)
    assert isinstance(verified, Verified)
    assert (verified.account, verified.account_id) == (1234, "account_1234")
    assert (verified.key_name, verified.key_bits) == (KEY_ID, 2048)
    assert verified.date == SIGNED_AT.timestamp() and isinstance(verified.date, int)
    assert verified.body is request_.body
    lines = {name.lower(): value for name, value in request_.headers if name != "Signature"}
    assert verified.covered == {"(request-target)": "post /hook?x=1", **lines}
    assert repr(verified) == (
        f'Verified(account_id="account_1234", key_name="{KEY_ID}", key_bits=2048, date=1795421700, '
        f"body=<{len(BODY)} bytes>)"
    )


def test_headers_may_be_bytes_and_come_from_any_iterable(verifier: Verifier, request_: Request) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in request_.headers]
    for headers in (raw, tuple(raw), iter(raw), request_.headers[:3] + raw[3:], dict(request_.headers).items()):
        verifier.verify(request_.method, request_.target, headers, request_.body, now=SIGNED_AT)  # type: ignore[arg-type]


def test_values_are_latin_1(key: Key, verifier: Verifier) -> None:
    request = Callback(extra={"X-Name": "Zo\xeb"}).sign(key)
    assert verifier.verify(*request.arguments, now=SIGNED_AT).covered["x-name"] == "Zo\xeb"
    raw = [(name, value.encode("latin-1")) for name, value in request.headers]
    assert verifier.verify("POST", request.target, raw, BODY, now=SIGNED_AT).covered["x-name"] == "Zo\xeb"


@pytest.mark.parametrize("body", [b"", b"\0\xff", b"x" * 1_000_000])
def test_a_body_is_any_bytes(key: Key, verifier: Verifier, body: bytes) -> None:
    request = Callback(body=body).sign(key)
    assert verifier.verify(*request.arguments, now=SIGNED_AT).body == body


@pytest.mark.parametrize(
    ("change", "code", "step", "status"),
    [
        (lambda request: request.but(body=BODY.replace(b"Mike", b"Eve!")), "digest_mismatch", 11, 401),
        (lambda request: request.but(body=BODY + b" "), "content_length_mismatch", 11, 400),
        (lambda request: request.but(target="/hook?x=2"), "bad_signature", 10, 401),
        (lambda request: request.but(method="PUT"), "wrong_method", 1, 401),
        (lambda request: request.but(headers=request.headers[:-1]), "signature_missing", 2, 401),
        (lambda request: request.but(headers=[*request.headers, request.headers[-1]]), "signature_repeated", 2, 400),
        (lambda request: request.but(headers=[*request.headers, ("host", HOST)]), "header_repeated", 5, 400),
        (lambda request: request.with_header("Host", "evil.example"), "wrong_host", 7, 401),
        (lambda request: request.with_header("X-Copernica-ID", "account_4321"), "wrong_account", 8, 401),
        (lambda request: request.with_header("Content-Type", "text/plain"), "bad_signature", 10, 401),
    ],
)
def test_a_changed_request_is_refused(verifier, request_, change, code, step, status) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Rejected) as refused:
        verifier.verify(*change(request_).arguments, now=SIGNED_AT)
    error = refused.value
    assert (error.code, error.step, error.http_status, error.retry_after) == (code, step, status, None)


def test_a_refusal_says_why_and_what_to_look_at(verifier: Verifier, key: Key) -> None:
    with pytest.raises(Rejected, match="^expected account_1234, got account_12345$") as refused:
        verifier.verify(*Callback(account="account_12345").sign(key).arguments, now=SIGNED_AT)
    assert refused.value.code == "wrong_account"
    assert refused.value.hint is not None and "check the number" in refused.value.hint


def test_a_refusal_survives_pickling(verifier: Verifier, request_: Request) -> None:
    with pytest.raises(Rejected) as refused:
        verifier.verify(*request_.but(method="PUT").arguments)
    copy = pickle.loads(pickle.dumps(refused.value))
    assert type(copy) is NotAuthentic
    assert (str(copy), vars(copy)) == (str(refused.value), vars(refused.value))


@pytest.mark.parametrize(("seconds", "code"), [(300, None), (301, "date_too_old"), (-60, None), (-61, "date_in_future")])
def test_a_date_counts_by_the_time_that_is_given(
    verifier: Verifier, request_: Request, seconds: int, code: "str | None"
) -> None:
    at = SIGNED_AT + timedelta(seconds=seconds)
    elsewhere = at.astimezone(timezone(timedelta(hours=5)))
    for now in (at, elsewhere, at.timestamp(), int(at.timestamp())):
        if code is None:
            verifier.verify(*request_.arguments, now=now)
        else:
            with pytest.raises(Rejected) as refused:
                verifier.verify(*request_.arguments, now=now)
            assert refused.value.code == code


def test_without_a_time_the_clock_counts(verifier: Verifier, key: Key, request_: Request) -> None:
    verifier.verify(*Callback(date=datetime.now(timezone.utc)).sign(key).arguments)
    with pytest.raises(Rejected, match="s old, the window is 300 s") as refused:
        verifier.verify(*Callback(date=SIGNED_AT - timedelta(days=3650)).sign(key).arguments)
    assert refused.value.code == "date_too_old"


def test_options_loosen_what_they_name(key: Key) -> None:
    def code(callback: Callback, **options: object) -> "str | None":
        verifier = Verifier(1234, [HOST], key_pem=key.pem, **options)  # type: ignore[arg-type]
        try:
            verifier.verify(*callback.sign(key).arguments, now=SIGNED_AT)
        except Rejected as refused:
            return refused.code
        return None

    for callback, options, expected in (
        (Callback(date=SIGNED_AT - timedelta(seconds=301)), {"max_age": 301}, "date_too_old"),
        (Callback(date=SIGNED_AT + timedelta(seconds=61)), {"max_ahead": 61}, "date_in_future"),
        (Callback(account="environment_1234"), {"allow_environment": True}, "wrong_account"),
        (Callback(key_id="k.example.org"), {"zones": ["copernica.com", "example.org"]}, "foreign_key"),
    ):
        assert code(callback) == expected
        assert code(callback, **options) is None
    assert code(Callback(), min_key_bits=2049) == "key_too_small"
    assert code(Callback(), max_body=len(BODY) - 1) == "body_too_large"
    assert code(Callback(), zones=("example.org",)) == "foreign_key"


def test_https_can_be_required(key: Key, request_: Request) -> None:
    verifier = Verifier(1234, [HOST], key_pem=key.pem, require_https=True)
    verifier.verify(*request_.arguments, now=SIGNED_AT, https=True)
    for https in (False, None):
        with pytest.raises(Rejected) as refused:
            verifier.verify(*request_.arguments, now=SIGNED_AT, https=https)
        assert refused.value.code == "https_required"


def test_several_accounts_and_hosts_are_taken(key: Key) -> None:
    verifier = Verifier([1, 1234], ["other.example", HOST], key_pem=key.pem)
    assert verifier.verify(*Callback().sign(key).arguments, now=SIGNED_AT).account == 1234
    assert verifier.verify(*Callback(account="account-1").sign(key).arguments, now=SIGNED_AT).account == 1
    assert repr(verifier) == f'Verifier(account=[1, 1234], hosts=["other.example", "{HOST}"])'


def test_evidence_cannot_be_made_or_changed(verifier: Verifier, request_: Request) -> None:
    with pytest.raises(TypeError):
        Verified()
    verified = verifier.verify(*request_.arguments, now=SIGNED_AT)
    with pytest.raises(AttributeError):
        verified.account = 1  # type: ignore[misc]
    verified.covered["host"] = "evil.example"
    assert verified.covered["host"] == HOST
