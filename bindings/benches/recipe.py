"""What `Verifier.verify` is measured against: the same verification by hand on `cryptography`, as fast as one can write it in Python.

It is correct: a test holds it against the vectors that Rust and Python share, as far as they need no option of a verifier and no DNS.
"""

from __future__ import annotations

import re
import time
from base64 import b64decode, b64encode
from calendar import timegm
from datetime import date as Day
from hashlib import sha256, sha512

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

MOST_LINES, MOST_NAMES, LONGEST_SIGNATURE, LONGEST_BODY = 128, 32, 8192, 8 << 20
REQUIRED = {"(request-target)", "host", "date", "x-copernica-id", "digest"}
UNIQUE = {"host", "date", "digest", "x-copernica-id", "x-nonce", "content-type", "content-length", "signature"}
PARAMETER = re.compile(r'([A-Za-z][A-Za-z0-9_-]*)=(?:"([ !#-\[\]-~]*)"|([0-9]+))(?:,|\Z)')
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
KEY_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_-]{1,63}\.)+copernica\.com")
TARGET = re.compile(r"/[!-\"$-~]*")
CONTROL = re.compile(r"[\0-\x08\n-\x1f\x7f]")
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (...) (\d{4}) (\d\d):(\d\d):(\d\d) GMT")
DAYS = {name: at for at, name in enumerate("Mon Tue Wed Thu Fri Sat Sun".split())}
MONTHS = {name: at for at, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
DIGESTS = {"sha-256": sha256, "sha-512": sha512}
PADDING, HASH = PKCS1v15(), SHA256()


class Recipe:
    """Set up once, with the key parsed."""

    def __init__(self, account: int, host: str, keys: dict[str, str], max_age: int = 300, max_ahead: int = 60) -> None:
        """keys: public keys as PEM, by their names in DNS."""
        self.accounts = (f"account_{account}", f"account-{account}")
        self.hosts = (host, f"{host}:443")
        self.keys = {name: self._key(pem) for name, pem in keys.items()}
        self.max_age, self.max_ahead = max_age, max_ahead

    @staticmethod
    def _key(pem: str) -> RSAPublicKey:
        key = load_pem_public_key(pem.encode())
        assert isinstance(key, RSAPublicKey) and key.key_size >= 2048
        return key

    def verify(
        self, method: str, target: str, lines: list[tuple[str, str]], body: bytes, now: float | None = None
    ) -> dict[str, str] | None:
        """What the signature covers; None if the request is not genuine."""
        if method != "POST" or len(lines) > MOST_LINES or TARGET.fullmatch(target) is None:
            return None
        headers: dict[str, str] = {}
        for name, value in lines:
            name = name.lower()
            if name not in headers:
                headers[name] = value.strip(" \t")
            elif name in UNIQUE:
                return None
            else:
                headers[name] += ", " + value.strip(" \t")
        if headers.get("authorization", "")[:9].lower() == "signature":
            return None
        parameters = self._parameters(headers.get("signature", ""))
        if parameters is None or parameters.get("algorithm", "rsa-sha256") != "rsa-sha256":
            return None
        try:
            key_id, encoded = parameters["keyId"], parameters["signature"]
            names = parameters["headers"].lower().split(" ")
            distinct = set(names)
            if len(distinct) != len(names) or len(names) > MOST_NAMES or not distinct >= REQUIRED:
                return None
            headers["(request-target)"] = "post " + target
            values = [headers[name] for name in names]
        except KeyError:
            return None
        if CONTROL.search("".join(values)) or headers["host"].lower() not in self.hosts:
            return None
        if headers["x-copernica-id"].lower() not in self.accounts or not self._is_fresh(headers["date"], now):
            return None
        key_name = key_id.lower().removesuffix(".")
        key = self.keys.get(key_name) if KEY_NAME.fullmatch(key_name) else None
        if key is None:
            return None
        signing_string = "\n".join([f"{name}: {value}" for name, value in zip(names, values)])
        try:
            signature = b64decode(encoded, validate=True)
            if b64encode(signature).decode() != encoded:
                return None
            key.verify(signature, signing_string.encode("latin-1"), PADDING, HASH)
        except (ValueError, InvalidSignature):
            return None
        length = headers.get("content-length")
        if len(body) > LONGEST_BODY or (length is not None and length != str(len(body))):
            return None
        return dict(zip(names, values)) if self._has_digest(headers["digest"], body) else None

    @staticmethod
    def _parameters(text: str) -> dict[str, str] | None:
        if len(text) > LONGEST_SIGNATURE:
            return None
        found: dict[str, str] = {}
        end = 0
        for match in PARAMETER.finditer(text):
            name, quoted, bare = match.groups()
            if match.start() != end or name in found or (quoted is None and name not in ("created", "expires")):
                return None
            found[name] = bare if quoted is None else quoted
            end = match.end()
        return found if end == len(text) and text[-1:] != "," else None

    def _is_fresh(self, text: str, now: float | None) -> bool:
        match = DATE.fullmatch(text)
        if match is None:
            return False
        weekday, day, month, year, hour, minute, second = match.groups()
        try:
            date = Day(int(year), MONTHS[month], int(day))
        except (KeyError, ValueError):
            return False
        if date.weekday() != DAYS[weekday] or hour > "23" or minute > "59" or second > "59":
            return False
        signed = timegm((date.year, date.month, date.day, int(hour), int(minute), int(second)))
        return -self.max_ahead <= (time.time() if now is None else now) - signed <= self.max_age

    @staticmethod
    def _has_digest(header: str, body: bytes) -> bool:
        seen: set[str] = set()
        for item in header.split(","):
            algorithm, _, value = item.strip(" \t").partition("=")
            algorithm = algorithm.lower()
            if algorithm in seen:
                return False
            seen.add(algorithm)
            digest = DIGESTS.get(algorithm)
            if digest is not None and b64encode(digest(body).digest()).decode() != value:
                return False
        return not seen.isdisjoint(DIGESTS)
