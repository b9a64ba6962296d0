"""A second opinion on signed requests, of one mind with nobody.

Written from draft-cavage-http-signatures-10 (sections 2.1 to 2.3), RFC 3230 and RFC 8017 section 8.2.2 alone; it shares no
code with the crate that it judges, and uses nothing but the standard library.

Reads one JSON object per line, writes one per line:

    canonical.py strings              the signing string of a request, or which covered header it lacks
    canonical.py verdicts MODULUS E   whether a request is authentic under the RSA key (both numbers in hexadecimal)

A request is `{"method": ..., "target": ..., "headers": [[name, value in hexadecimal], ...]}`, for `strings` with
`"covered": ...`, for `verdicts` with `"body": hexadecimal` and a `Signature` among its headers.
"""

import base64
import binascii
import hashlib
import json
import re
import sys


class Refused(Exception):
    pass


class Request:
    def __init__(self, line):
        record = json.loads(line)
        self.method = record["method"]
        self.target = record["target"]
        self.fields = {}
        for name, value in record["headers"]:
            self.fields.setdefault(name.lower(), []).append(bytes.fromhex(value))
        self.covered = record.get("covered")
        self.body = bytes.fromhex(record.get("body", ""))

    def value(self, name):
        """All instances of a field, in order, joined by a comma and a space; no optional white space round any."""
        if name not in self.fields:
            raise Refused("lacks " + name)
        return b", ".join(value.strip(b" \t") for value in self.fields[name])

    def signing_string(self, covered):
        lines = []
        for name in covered.lower().split(" "):
            if name == "(request-target)":
                value = "{} {}".format(self.method.lower(), self.target).encode("ascii")
            else:
                value = self.value(name)
            lines.append(name.encode("ascii") + b": " + value)
        return b"\n".join(lines)


PARAMETER = re.compile(r'([A-Za-z]+)="([^"\\]*)"')


def parameters(text):
    found = {}
    for part in text.split(","):
        match = PARAMETER.fullmatch(part)
        if not match or match[1] in found:
            raise Refused("malformed parameter " + part)
        found[match[1]] = match[2]
    return found


def canonical_base64(text):
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not base64") from None
    if base64.b64encode(decoded).decode("ascii") != text:
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
    if pow(number, exponent, modulus).to_bytes(length, "big") != expected:
        raise Refused("bad signature")


def check_body(request):
    if "content-length" in request.fields:
        length = request.value("content-length")
        if not re.fullmatch(rb"[0-9]+", length) or int(length) != len(request.body):
            raise Refused("bad length")
    for element in request.value("digest").decode("latin-1").split(","):
        algorithm, _, value = element.strip(" \t").partition("=")
        if algorithm.lower() == "sha-256":
            if canonical_base64(value) != hashlib.sha256(request.body).digest():
                raise Refused("bad digest")
            return
    raise Refused("no digest")


def check(request, modulus, exponent):
    try:
        text = request.value("signature").decode("ascii")
    except UnicodeDecodeError:
        raise Refused("not ASCII") from None
    found = parameters(text)
    for name in ("keyId", "headers", "signature"):
        if name not in found:
            raise Refused("no parameter " + name)
    signing_string = request.signing_string(found["headers"])
    check_rsa(signing_string, canonical_base64(found["signature"]), modulus, exponent)
    check_body(request)


def main():
    mode, numbers = sys.argv[1], [int(number, 16) for number in sys.argv[2:]]
    for line in sys.stdin:
        request = Request(line)
        try:
            if mode == "strings":
                answer = {"string": request.signing_string(request.covered).hex()}
            else:
                check(request, *numbers)
                answer = {"authentic": True}
        except Refused as reason:
            answer = {"refused": str(reason)}
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
