"""Stands in for the publisher: signs callbacks with an RSA of another origin, and publishes the key in DNS."""

import base64
import hashlib
import socket
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import format_datetime

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HOST = "hooks.example.com"
KEY_ID = "2026-11._domainkey.copernica.com"
SIGNED_AT = datetime(2026, 11, 23, 8, 15, tzinfo=timezone.utc)
BODY = b'{"id":"1","action":"create","fields":{"name":"Mike"},"interests":[]}'


class Key:
    def __init__(self, bits: int = 2048) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    @property
    def pem(self) -> str:
        return self._public(serialization.Encoding.PEM).decode()

    @property
    def record(self) -> str:
        """The DKIM key record that publishes it."""
        der = self._public(serialization.Encoding.DER)
        return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"

    def _public(self, encoding: serialization.Encoding) -> bytes:
        return self._private.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True)
class Request:
    """The arguments of `Verifier.verify`."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def arguments(self) -> tuple[str, str, list[tuple[str, str]], bytes]:
        return self.method, self.target, self.headers, self.body

    def but(self, **changes: object) -> "Request":
        return replace(self, **changes)  # type: ignore[arg-type]

    def with_header(self, name: str, value: str) -> "Request":
        return self.but(headers=[(known, value if known == name else old) for known, old in self.headers])


@dataclass
class Callback:
    """A callback that is still to be signed."""

    target: str = "/hook?x=1"
    date: datetime = SIGNED_AT
    account: str = "account_1234"
    host: str = HOST
    key_id: str = KEY_ID
    body: bytes = BODY
    extra: dict[str, str] = field(default_factory=dict)

    def sign(self, key: Key) -> Request:
        digest = base64.b64encode(hashlib.sha256(self.body).digest()).decode()
        headers = {
            "Host": self.host,
            "Date": format_datetime(self.date, usegmt=True),
            "Content-Type": "application/json",
            "Content-Length": str(len(self.body)),
            "X-Copernica-ID": self.account,
            "Digest": f"SHA-256={digest}",
            **self.extra,
        }
        lines = [f"(request-target): post {self.target}"]
        lines += [f"{name.lower()}: {value}" for name, value in headers.items()]
        covered = " ".join(line.partition(":")[0] for line in lines)
        signature = base64.b64encode(key.sign("\n".join(lines).encode("latin-1"))).decode()
        headers["Signature"] = (
            f'keyId="{self.key_id}",algorithm="rsa-sha256",headers="{covered}",signature="{signature}"'
        )
        return Request("POST", self.target, list(headers.items()), self.body)


class NameServer:
    """A name server on loopback that answers every question with one TXT record, or with a response code."""

    def __init__(self, record: str = "", code: int = 0) -> None:
        self.publish(record, code)
        self.queries = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._socket.getsockname())
        threading.Thread(target=self._serve, daemon=True).start()

    def publish(self, record: str = "", code: int = 0) -> None:
        """From now on it answers so."""
        self._record, self._code = record.encode(), code

    def _serve(self) -> None:
        while True:
            query, peer = self._socket.recvfrom(4096)
            self.queries += 1
            self._socket.sendto(self._response(query), peer)

    def _response(self, query: bytes) -> bytes:
        """RFC 1035 section 4: a header, the question as it came, the record."""
        question = query[12 : query.index(b"\0", 12) + 5]
        head = query[:2] + bytes([0x85, 0x80 | self._code, 0, 1, 0, int(self._code == 0), 0, 0, 0, 0]) + question
        if self._code:
            return head
        parts = [self._record[at : at + 255] for at in range(0, len(self._record), 255)]
        strings = b"".join(bytes([len(part)]) + part for part in parts)
        return head + b"\xc0\x0c\0\x10\0\x01" + (600).to_bytes(4, "big") + len(strings).to_bytes(2, "big") + strings


def closed_port() -> str:
    """An address at which nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return "{}:{}".format(*probe.getsockname())
