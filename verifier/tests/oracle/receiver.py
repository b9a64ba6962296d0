"""What a strict receiver makes of a request: every rule that it breaks.

The rules, from the platform's public documentation, draft-cavage-http-signatures-10, RFC 3230, RFC 5843 and RFC 9110, and
from what a receiver publishes about its limits. They are numbered as the steps of a receiver's checklist.

 1. The method is `POST`, in this case. There are at most 256 header lines.
 2. There is exactly one `Signature` header, and no `Authorization` begins with the word `Signature` in any case. Without white
    space at its ends the value has at most 8192 bytes. It is a list of `name=value` with a comma, perhaps among blanks,
    between two of them. A name is a letter, and then letters, digits or underscores. A value is quoted, and then printable
    ASCII without quote, comma or backslash; or bare digits. `keyId`, `headers` and `signature` are there, `algorithm` may be;
    these four are quoted and in just this case. At most 16 others are there. No name is there twice.
 3. The algorithm, if there is one, is `rsa-sha256`, in this case.
 4. `headers` lists 1 to 32 names with one blank between two of them: `(request-target)`, in this case, or names that a
    header can have (tokens). No two are the same in any case. `(request-target)`, `host`, `date`, `x-copernica-id` and
    `digest` are among them.
 5. Each covered header is there, and none holds a control character other than HTAB. `Host`, `Date`, `Digest`,
    `X-Copernica-ID`, `X-Nonce`, `Content-Type` and `Content-Length` are there at most once, covered or not. The target begins
    with a slash and is visible ASCII without `#`. An `:authority` stands for `Host`; if both are there they are the same in
    any case.
 6. `Date` is an IMF-fixdate with the day of the week that it has, not before 1970. It is at most 300 s old and at most 60 s
    ahead.
 7. The host is one of those expected, in any case. Port 443 may be there or not unless the transport is known to be plain,
    port 80 unless it is known to be TLS; no other.
 8. The account is the word `account` in any case, `_` or `-`, and the number of an account that is expected, a plain decimal.
 9. `keyId` is a DNS name: labels of 1 to 63 letters, digits, hyphens and underscores, at most 253 characters, perhaps a dot
    behind it. It lies below a trusted zone, label by label in any case, and a key is published under it.
10. The signature is canonical base64, and this key's over the signing string: RSASSA-PKCS1-v1_5 with SHA-256.
11. `Content-Length`, if it is there, is digits, and as many bytes as the body has. The body is within its limit. `Digest` is a
    list of at most 8 `algorithm=value` with commas, perhaps among white space, between them. Algorithms are tokens, none twice
    in any case. The values of SHA-256 and SHA-512 are canonical base64 of digests of the body, and at least one of them is
    there. Other values are visible ASCII and do not count.
"""

import calendar
import hashlib
import re
from datetime import datetime

from canonical import Refused, canonical_base64, check_rsa

PARAMETER = re.compile(rb'([A-Za-z][A-Za-z0-9_]*)=(?:"([ !#-+\--\[\]-~]*)"|([0-9]+))')
COMMA = re.compile(rb" *, *")
DRAFT_PARAMETERS = (b"keyId", b"algorithm", b"headers", b"signature")
TOKEN = re.compile(rb"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
MUST_BE_COVERED = {b"(request-target)", b"host", b"date", b"x-copernica-id", b"digest"}
AT_MOST_ONCE = (b"host", b"date", b"digest", b"x-copernica-id", b"x-nonce", b"content-type", b"content-length")
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
TARGET = re.compile(rb"/[!\"$-~]*")
DAYS = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
DATE = re.compile(
    rb"(%s), ([0-9]{2}) (%s) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT" % (b"|".join(DAYS), b"|".join(MONTHS))
)
HOST = re.compile(rb"([A-Za-z0-9._-]+)(?::([1-9][0-9]{0,4}))?")
ACCOUNT = re.compile(rb"(?i:account)[_-](0|[1-9][0-9]*)")
NAME = re.compile(rb"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
DIGITS = re.compile(rb"[0-9]+")
VISIBLE = re.compile(rb"[!-~]*")
STRONG = {b"sha-256": hashlib.sha256, b"sha-512": hashlib.sha512}


class Receiver:
    """`{"now": seconds since 1970, "hosts": [...], "accounts": [...], "zones": [...], "keys": [[name, modulus and exponent in
    hexadecimal], ...], "max_body": bytes}`."""

    def __init__(self, settings):
        self.now = settings["now"]
        self.hosts = [HOST.fullmatch(host.encode()).groups() for host in settings["hosts"]]
        self.accounts = settings["accounts"]
        self.zones = [b"." + zone.encode() for zone in settings["zones"]]
        self.keys = {name.encode(): (int(modulus, 16), int(e, 16)) for name, modulus, e in settings["keys"]}
        self.max_body = settings["max_body"]

    def faults(self, request):
        """Each step that the request fails, with a reason. What an earlier fault leaves open is passed over."""
        faults = []

        def step(number, rule, *arguments):
            if None in arguments:
                return None
            try:
                return rule(*arguments)
            except Refused as reason:
                faults.append([number, str(reason)])
                return None

        step(1, method_and_lines, request)
        parameters = step(2, one_signature, request) or {}
        step(3, algorithm, parameters.get(b"algorithm"))
        covered = step(4, coverage, parameters.get(b"headers"))
        step(5, place, request)
        signing_string = step(5, covered_values, request, covered)
        step(6, self.date, request.only(b"date"))
        step(7, self.host, request.only(b"host"), request.transport)
        step(8, self.account, request.only(b"x-copernica-id"))
        key = step(9, self.key, parameters.get(b"keyId"))
        signature = step(10, canonical_base64, parameters.get(b"signature"))
        step(10, check_signature, signing_string, signature, key)
        step(11, self.length, request)
        step(11, digests, request.only(b"digest"), request.body)
        return faults

    def date(self, value):
        match = DATE.fullmatch(value)
        if not match:
            raise Refused("no date")
        day_of_week, day, month, *rest = match.groups()
        year, hour, minute, second = (int(number) for number in rest)
        try:
            date = datetime(year, MONTHS.index(month) + 1, int(day), hour, minute, second)
        except ValueError:
            raise Refused("no such date") from None
        if DAYS[date.weekday()] != day_of_week or year < 1970:
            raise Refused("no such date")
        age = self.now - calendar.timegm(date.timetuple())
        if not -60 <= age <= 300:
            raise Refused("outside the window")

    def host(self, value, transport):
        match = HOST.fullmatch(value)
        usual = {"https": (None, b"443"), "http": (None, b"80"), "unknown": (None, b"80", b"443")}[transport]
        for name, port in self.hosts:
            ports = usual if port in usual else (port,)
            if match and match[1].lower() == name.lower() and match[2] in ports:
                return
        raise Refused("another host")

    def account(self, value):
        match = ACCOUNT.fullmatch(value)
        if not match or int(match[1]) not in self.accounts:
            raise Refused("another account")

    def key(self, key_id):
        name = key_id.removesuffix(b".")
        if len(name) > 253 or not NAME.fullmatch(name):
            raise Refused("no name")
        name = name.lower()
        if not any(name.endswith(zone) for zone in self.zones):
            raise Refused("foreign name")
        if name not in self.keys:
            raise Refused("no key")
        return self.keys[name]

    def length(self, request):
        if len(request.body) > self.max_body:
            raise Refused("too long")
        declared = request.only(b"content-length")
        if declared is not None and (not DIGITS.fullmatch(declared) or int(declared) != len(request.body)):
            raise Refused("another length")


def method_and_lines(request):
    if request.method != b"POST" or request.lines > 256:
        raise Refused("not POST, or too many lines")


def one_signature(request):
    for credentials in request.all(b"authorization"):
        if re.match(rb"(?i:signature)(?![A-Za-z0-9])", credentials):
            raise Refused("a signature in Authorization")
    value = request.only(b"signature")
    if value is None:
        raise Refused("not one signature")
    if len(value) > 8192:
        raise Refused("too long")
    found, at = {}, 0
    while True:
        match = PARAMETER.match(value, at)
        if not match:
            raise Refused("malformed parameter")
        name, quoted, _ = match.groups()
        if name in found:
            raise Refused("a parameter twice")
        for known in DRAFT_PARAMETERS:
            if name.lower() == known.lower() and (name != known or quoted is None):
                raise Refused("misspelled parameter")
        found[name] = quoted
        if match.end() == len(value):
            break
        comma = COMMA.match(value, match.end())
        if not comma:
            raise Refused("no comma")
        at = comma.end()
    if not {b"keyId", b"headers", b"signature"} <= found.keys():
        raise Refused("a parameter is missing")
    if len(found.keys() - set(DRAFT_PARAMETERS)) > 16:
        raise Refused("too many parameters")
    return found


def algorithm(name):
    if name != b"rsa-sha256":
        raise Refused("another algorithm")


def coverage(text):
    names = text.split(b" ")
    if len(names) > 32:
        raise Refused("too many names")
    if not all(name == b"(request-target)" or TOKEN.fullmatch(name) for name in names):
        raise Refused("not a name")
    lower = {name.lower() for name in names}
    if len(lower) < len(names):
        raise Refused("a name twice")
    if not MUST_BE_COVERED <= lower:
        raise Refused("too little is covered")
    return names


def place(request):
    for name in AT_MOST_ONCE:
        if len(request.fields.get(name, ())) > 1:
            raise Refused("several " + name.decode())
    hosts = request.fields.get(b"host")
    if hosts and request.authority is not None and hosts[0].lower() != request.authority.encode().lower():
        raise Refused("two hosts")
    if not TARGET.fullmatch(request.target):
        raise Refused("not in origin form")


def covered_values(request, covered):
    for _, value in request.signing_lines(covered):
        if CONTROL.search(value):
            raise Refused("a control character")
    return request.signing_string(covered)


def check_signature(signing_string, signature, key):
    check_rsa(signing_string, signature, *key)


def digests(value, body):
    elements = value.split(b",")
    if len(elements) > 8:
        raise Refused("too many digests")
    found = {}
    for element in elements:
        algorithm, equals, digest = element.strip(b" \t").partition(b"=")
        algorithm = algorithm.lower()
        if not equals or not TOKEN.fullmatch(algorithm) or algorithm in found:
            raise Refused("malformed digest")
        if algorithm in STRONG:
            found[algorithm] = canonical_base64(digest)
        elif VISIBLE.fullmatch(digest):
            found[algorithm] = None
        else:
            raise Refused("malformed digest")
    strong = found.keys() & STRONG.keys()
    if not strong:
        raise Refused("no strong digest")
    for algorithm in strong:
        if STRONG[algorithm](body).digest() != found[algorithm]:
            raise Refused("another body")
