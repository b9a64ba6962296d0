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

from callback_verifier.testing import free_address

HOST = "hooks.example.com"
KEY_ID = "2026-11._domainkey.copernica.com"
#: What fits into a datagram without fragments.
LONGEST_DATAGRAM = 1232
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
    """A name server on loopback that answers every question with the same TXT records, or with a response code."""

    def __init__(self, *records: str, code: int = 0) -> None:
        self.publish(*records, code=code)
        self.queries = 0
        self.address = free_address()
        host, port = self.address.split(":")
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((host, int(port)))
        self._tcp = socket.create_server((host, int(port)))
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def publish(self, *records: str, code: int = 0) -> None:
        """From now on it answers so."""
        self._records, self._code = [record.encode() for record in records], code

    def _serve_udp(self) -> None:
        while True:
            query, peer = self._udp.recvfrom(4096)
            self.queries += 1
            response = self._response(query)
            if len(response) > LONGEST_DATAGRAM:
                # Truncated: the question is to be asked over TCP (RFC 2181 section 9).
                response = query[:2] + bytes([response[2] | 2]) + response[3:6] + bytes(6) + self._question(query)
            self._udp.sendto(response, peer)

    def _serve_tcp(self) -> None:
        """With the length before each message (RFC 1035 section 4.2.2)."""
        while True:
            with self._tcp.accept()[0] as connection, connection.makefile("rb") as stream:
                response = self._response(stream.read(int.from_bytes(stream.read(2), "big")))
                connection.sendall(len(response).to_bytes(2, "big") + response)

    @staticmethod
    def _question(query: bytes) -> bytes:
        return query[12 : query.index(b"\0", 12) + 5]

    def _response(self, query: bytes) -> bytes:
        """RFC 1035 section 4: a header, the question as it came, the records."""
        records = [] if self._code else self._records
        head = query[:2] + bytes([0x85, 0x80 | self._code, 0, 1, 0, len(records), 0, 0, 0, 0])
        return head + self._question(query) + b"".join(self._answer(record) for record in records)

    @staticmethod
    def _answer(record: bytes) -> bytes:
        parts = [record[at : at + 255] for at in range(0, len(record), 255)]
        strings = b"".join(bytes([len(part)]) + part for part in parts)
        return b"\xc0\x0c\0\x10\0\x01" + (600).to_bytes(4, "big") + len(strings).to_bytes(2, "big") + strings
