from collections.abc import Sequence
from datetime import datetime
from typing import final

__all__ = ["Refused", "Verified", "Verifier"]

class Refused(Exception):
    """A request is refused; `str()` of it says why.

    The exact reason is for the log. Answer with `status` and nothing else.
    """

    code: str
    """A stable name for logs and metrics, in snake case."""
    step: int
    """Which step of the checklist refused, 1 to 12."""
    status: int
    """The HTTP status to answer with: 400, 401, 413 or 503."""
    hint: str | None
    """What to look at, for the person who set the receiver up."""
    temporary: bool
    """Whether the same request may be verified in a moment: the key could not be looked up."""

@final
class Verified:
    """Evidence that a request is authentic, head and body. Only `Verifier.verify` makes one."""

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
    def body(self) -> bytes:
        """The body that was checked."""
    @property
    def covered(self) -> dict[str, str]:
        """All that the signature covers: names in lower case, values read as Latin-1. A new dict each time."""

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

        Raises Refused if the request is not to be trusted, TypeError or ValueError for an argument that makes no sense.
        Other threads run meanwhile.
        """
