from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any, Final, final

from typing_extensions import disjoint_base

__all__ = [
    "AuthenticHead",
    "BodyTooLarge",
    "BodyVerifier",
    "Callback",
    "Claim",
    "KeyLookupError",
    "Malformed",
    "NotAuthentic",
    "PayloadError",
    "PrivateKey",
    "Rejected",
    "Replayed",
    "TryAgainLater",
    "Verified",
    "VerifiedStream",
    "Verifier",
    "command_line",
]

class Rejected(Exception):
    """A request is not taken; `str()` of it says why.

    The exact reason is for the log. Answer with `http_status` and nothing else.
    """

    code: str
    """A stable name for logs and metrics, in snake case."""
    step: int
    """Which step of the checklist refused, 1 to 12."""
    http_status: int
    """The HTTP status to answer with: 400, 401, 409, 413 or 503."""
    hint: str | None
    """What to look at, for the person who set the receiver up."""
    retry_after: int | None
    """After how many seconds the sender should try again, of TryAgainLater."""

class Malformed(Rejected):
    """It is not of its grammar: 400."""

class NotAuthentic(Rejected):
    """It is not from whom it must be: 401."""

class Replayed(Rejected):
    """It was handled before: 409."""

class BodyTooLarge(Rejected):
    """Its body is too large: 413."""

class TryAgainLater(Rejected):
    """It cannot be told at the moment: 503. The sender should try again after `retry_after` seconds."""

class KeyLookupError(TryAgainLater):
    """The key could not be looked up: DNS failed, did not answer in time, or is asked too often."""

class PayloadError(ValueError):
    """An authentic body is no callback that can be read; `str()` of it says why."""

@disjoint_base
class AuthenticHead:
    """Evidence that the head of a request is authentic. Its body is not known yet."""

    @property
    def account(self) -> int:
        """The number of the account whose data the callback carries."""
    @property
    def account_id(self) -> str:
        """The account with its kind, such as `account_1234`."""
    @property
    def key_name(self) -> str:
        """The DNS name of the key that signed."""
    @property
    def key_bits(self) -> int:
        """The size of that key in bits."""
    @property
    def date(self) -> int:
        """When the sender says that it signed, in seconds since 1970."""
    @property
    def nonce(self) -> str | None:
        """The nonce, if one is covered. Values are read as Latin-1."""
    @property
    def covered(self) -> dict[str, str]:
        """All that the signature covers: names in lower case, values read as Latin-1. A new dict each time."""
    def body_verifier(self) -> BodyVerifier:
        """Checks a body that comes in parts."""
    def verify_body(self, body: bytes) -> Verified:
        """Checks a body that is there as a whole. Raises Rejected if it is not the one that was signed."""

@final
class Verified(AuthenticHead):
    """Evidence that a request is authentic, head and body."""

    @property
    def body(self) -> bytes:
        """The body that was checked."""
    @property
    def callback(self) -> Callback:
        """What the body tells, read from JSON, XML or a form. Raises PayloadError if it is none of these."""

@final
class VerifiedStream(AuthenticHead):
    """Evidence that a request is authentic whose body was checked as it came, and is in nobody's memory."""

@final
class BodyVerifier:
    """Checks a body that comes in parts. What has come so far is not authentic before `finish` says so."""

    def update(self, part: bytes) -> None:
        """The next part. Raises Rejected as soon as it is clear that the body is not the one that was signed."""
    def finish(self) -> VerifiedStream:
        """The body has ended: the evidence, or Rejected."""

@final
class Callback:
    """What a callback tells. Immutable, and made to be matched.

    case Callback(action="create", fields={"email": email}): ...
    """

    __match_args__: Final = ("action", "entity", "id")
    @property
    def action(self) -> str:
        """What happened: `create`, `update`, `delete`, or `unstated` where the payload does not tell."""
    @property
    def entity(self) -> str:
        """To what: `profile` or `subprofile`."""
    @property
    def id(self) -> str:
        """Its number, as text."""
    @property
    def fields(self) -> MappingProxyType[str, str]:
        """The values of its fields, by name; of what was deleted the last ones."""
    @property
    def interests(self) -> tuple[str, ...]:
        """Its interests, in the order in which they came."""
    @property
    def changed(self) -> MappingProxyType[str, str] | None:
        """The fields that changed with their new values, where the payload tells that."""
    @property
    def previous(self) -> MappingProxyType[str, str] | None:
        """The fields' values before, where the payload tells that."""
    @property
    def profile(self) -> str | None:
        """The number of the profile, where the payload tells it."""
    @property
    def subprofile(self) -> str | None:
        """The number of the subprofile, where the payload tells it."""
    @property
    def database(self) -> str | None:
        """The number of the database, where the payload tells it."""
    @property
    def collection(self) -> str | None:
        """The number of the collection, where the payload tells it."""
    @property
    def time(self) -> int | None:
        """When it happened, in seconds since 1970, where the payload tells it."""
    @property
    def dialect(self) -> str:
        """Which form the payload had: `json`, `xml`, `form`, `legacy_xml` or `legacy_form`."""
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Claim:
    """A callback that is being handled, so that nobody else handles it meanwhile.

    As a context manager it commits at the end, and releases if an exception comes out: then the same request may come again.
    Forgotten altogether, it is released.
    """

    def commit(self) -> None:
        """The callback was handled: the same request will be refused."""
    def release(self) -> None:
        """It was not handled: the same request may come again."""
    def __enter__(self) -> Claim: ...
    def __exit__(
        self, kind: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None
    ) -> bool: ...

def command_line(arguments: Sequence[str]) -> int:
    """Does what the program `callback-verifier` does with these arguments, of which the first one is its name; its exit status."""

@final
class PrivateKey:
    """An RSA private key that signs requests in tests."""

    def __new__(cls, pem: str) -> PrivateKey:
        """Reads one from PEM: `-----BEGIN PRIVATE KEY-----` (PKCS#8), of at least 2048 bits. Raises ValueError if it is none."""
    @staticmethod
    def generate() -> PrivateKey:
        """A new one of 2048 bits. It takes some tenths of a second."""
    @property
    def public_pem(self) -> str:
        """The public half as PEM: the `key_pem` of a verifier."""
    @property
    def record(self) -> str:
        """The key record (TXT) that publishes the public half in DNS."""
    def sign(
        self, method: str, target: str, headers: Sequence[tuple[str | bytes, str | bytes]], *, key_id: str, covered: str
    ) -> str:
        """The value of the `Signature` header of a request.

        method, target, headers: as those of `Verifier.verify`.
        key_id: the DNS name that the key is published under.
        covered: what the signature covers, such as "(request-target) host date": names with one blank between them.

        Raises ValueError if the request lacks a header that is to be covered, or for a name that is none.
        """

@final
class Verifier:
    """Verifies callbacks. Build one and share it: it is immutable, keeps the keys, and threads use it side by side."""

    def __new__(
        cls,
        account: int | Sequence[int],
        hosts: Sequence[str],
        *,
        key_pem: str | None = None,
        nameservers: Sequence[str] = (),
        zones: Sequence[str] = (),
        max_age: int = 300,
        max_ahead: int = 60,
        max_body: int = 8388608,
        min_key_bits: int = 2048,
        replay_capacity: int = 1000000,
        require_https: bool = False,
        allow_testing_keys: bool = False,
        allow_environment: bool = False,
        allow_hs2019: bool = False,
        allow_missing_comma: bool = False,
    ) -> Verifier:
        """Sets up a verifier. What is not given is strict.

        account: the account, or accounts, whose callbacks are taken.
        hosts: the names that the publisher calls this receiver by, with a port if it is no default one.
        key_pem: a public key that stands for every key inside the zones, instead of DNS.
        nameservers: whom to ask for keys, "IP" or "IP:port"; default: the system's name servers.
        zones: the DNS zones that keys may be published in; default: the platform's own.
        max_age, max_ahead: how far a callback's date may lie behind and ahead of the clock, in seconds.
        max_body: how long a body may be, in bytes.
        min_key_bits: the smallest RSA key, 1024 to 8192 bits; fewer than 2048 are weak.
        replay_capacity: how many nonces are remembered, in the memory of this process; 0 for none, so that `claim` lets the
            same request in again and again.
        require_https: refuse what `verify` is not told to have come over HTTPS.
        allow_testing_keys: take keys that are published for testing (`t=y`).
        allow_environment: take environments of the sister product whose number is among the accounts.
        allow_hs2019: read the algorithm name `hs2019` as RSA with SHA-256.
        allow_missing_comma: take a `Signature` header whose parameters are separated by blanks.

        Raises TypeError or ValueError for an argument that makes no sense, OSError if the system's name servers are
        not to be found out.
        """
    def verify(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str | bytes, str | bytes]],
        body: bytes,
        *,
        now: float | datetime | None = None,
        https: bool | None = None,
    ) -> Verified:
        """Verifies one request; waits for DNS, at most 3 s, if the key is not at hand.

        method, target: as on the request line; the target is the path with its query, never decoded.
        headers: the header lines in order, those that came several times listed several times. A str is read as
            Latin-1, which is how WSGI and ASGI frameworks make one.
        body: the raw bytes.
        now: the time to judge by, in seconds since 1970 or as a datetime with a time zone; default: the clock.
        https: whether the request came over HTTPS; None if that is not known.

        Raises Rejected if the request is not to be trusted, TypeError or ValueError for an argument that makes no sense.
        Other threads run meanwhile.
        """
    def verify_at_once(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str | bytes, str | bytes]],
        body: bytes,
        *,
        now: float | datetime | None = None,
        https: bool | None = None,
    ) -> Verified | None:
        """The same if nothing has to be waited for; None if the key would have to be looked up."""
    async def averify(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str | bytes, str | bytes]],
        body: bytes,
        *,
        now: float | datetime | None = None,
        https: bool | None = None,
    ) -> Verified:
        """The same in asyncio: other tasks run while a key is looked up."""
    def head(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str | bytes, str | bytes]],
        *,
        now: float | datetime | None = None,
        https: bool | None = None,
    ) -> AuthenticHead:
        """The first of two stages: everything but the body. The arguments are those of `verify`."""
    def head_at_once(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str | bytes, str | bytes]],
        *,
        now: float | datetime | None = None,
        https: bool | None = None,
    ) -> AuthenticHead | None:
        """The same if nothing has to be waited for; None if the key would have to be looked up."""
    async def ahead(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str | bytes, str | bytes]],
        *,
        now: float | datetime | None = None,
        https: bool | None = None,
    ) -> AuthenticHead:
        """The same in asyncio: other tasks run while a key is looked up."""
    def claim(self, verified: Verified | VerifiedStream, *, now: float | datetime | None = None) -> Claim:
        """Claims the nonce of a callback that was verified, so that it is handled once.

        Nonces are remembered in the memory of this process: several workers do not share them.

        Raises Rejected: Replayed if it was handled before, TryAgainLater while another one handles it or there is no room,
        NotAuthentic or Malformed for a nonce that is missing, not covered, or none.
        """
    def explain(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[str | bytes, str | bytes]],
        body: bytes,
        *,
        now: float | datetime | None = None,
        https: bool | None = None,
    ) -> dict[str, Any]:
        """Why a request is refused, and what would have made it pass: what `callback-verifier explain --json` writes.

        For a desk, not for every request that a stranger sends. It never accepts anything.
        """
