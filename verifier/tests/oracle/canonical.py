"""A second opinion on signed requests, of one mind with nobody: what a request is, and what a signature is made over.

Written from draft-cavage-http-signatures-10 (sections 2.1 to 2.3) and RFC 8017 section 8.2.2 alone; it shares no code with
the crate that it judges, and uses nothing but the standard library.
"""

import base64
import binascii
import functools
import hashlib


class Refused(Exception):
    pass


class Request:
    """`{"method": ..., "target": ..., "headers": [[name, value in hexadecimal], ...], "body": hexadecimal, "authority": ...,
    "transport": "http", "https" or "unknown"}`, the last three perhaps left out."""

    def __init__(self, record):
        self.method = record["method"].encode()
        self.target = record["target"].encode()
        self.lines = len(record["headers"])
        self.fields = {}
        # Names are compared as ASCII: `str.lower` would make a `k` of U+212A.
        for name, value in record["headers"]:
            self.fields.setdefault(name.encode().lower(), []).append(bytes.fromhex(value).strip(b" \t"))
        self.body = bytes.fromhex(record.get("body", ""))
        self.authority = record.get("authority")
        self.transport = record.get("transport", "unknown")

    def all(self, name):
        """The instances of a field, in order, no optional white space round any. An HTTP/2 request has its `Host` elsewhere."""
        if name == b"host" and name not in self.fields and self.authority is not None:
            return [self.authority.encode()]
        return self.fields.get(name, [])

    def only(self, name):
        """The value of a field that is there exactly once."""
        values = self.all(name)
        return values[0] if len(values) == 1 else None

    def signing_lines(self, covered):
        for name in covered:
            name = name.lower()
            if name == b"(request-target)":
                value = self.method.lower() + b" " + self.target
            elif values := self.all(name):
                value = b", ".join(values)
            else:
                raise Refused("lacks " + name.decode())
            yield name, value

    def signing_string(self, covered):
        return b"\n".join(name + b": " + value for name, value in self.signing_lines(covered))


def canonical_base64(text):
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not base64") from None
    if base64.b64encode(decoded) != text:
        raise Refused("not canonical base64")
    return decoded


# DigestInfo of SHA-256, up to the hash (RFC 8017 section 9.2, note 1).
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def check_rsa(message, signature, modulus, exponent):
    """RSASSA-PKCS1-v1_5-VERIFY: encode what is expected, and compare."""
    length = (modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != length or number >= modulus:
        raise Refused("no signature of this key")
    tail = b"\x00" + DIGEST_INFO + hashlib.sha256(message).digest()
    expected = b"\x00\x01" + b"\xff" * (length - 2 - len(tail)) + tail
    if power(number, exponent, modulus) != int.from_bytes(expected, "big"):
        raise Refused("bad signature")


@functools.lru_cache(maxsize=1024)
def power(number, exponent, modulus):
    """Many requests are changed from one, and still have its signature."""
    return pow(number, exponent, modulus)
