"""The body of a callback, byte for byte as the mock publisher writes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from urllib.parse import quote_plus

#: The content type of each form of payload.
CONTENT_TYPES = {"json": "application/json", "xml": "application/xml", "form": "application/x-www-form-urlencoded"}

#: What can be the name of an element: no colon, and nothing that begins with `xml` (XML 1.0 section 2.3).
_ELEMENT = re.compile(r"(?!xml)[a-z_][a-z0-9_.-]*", re.IGNORECASE | re.ASCII)
#: What XML 1.0 cannot carry (section 2.2).
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})


def payload(
    method: str, action: str, id: int, fields: Mapping[str, str], interests: Sequence[str] | None, seconds: int
) -> bytes:
    """What a callback tells of a profile, or of a subprofile if `interests` is None, at a time in seconds since 1970."""
    if method == "json":
        return _json(action, id, fields, interests)
    if method == "xml":
        return _xml(action, id, fields, interests)
    if method == "form":
        return _form(action, id, fields, interests, seconds)
    raise ValueError(f"`method` must be 'json', 'xml' or 'form', got {method!r}")


def _json(action: str, id: int, fields: Mapping[str, str], interests: Sequence[str] | None) -> bytes:
    body: dict[str, object] = {"id": str(id), "action": action, "fields": dict(fields)}
    if interests is not None:
        body["interests"] = list(interests)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _xml(action: str, id: int, fields: Mapping[str, str], interests: Sequence[str] | None) -> bytes:
    root = "subprofile" if interests is None else "profile"
    inner = _element("id", str(id)) + _element("action", action)
    inner += f"<fields>{''.join(_field(name, value) for name, value in fields.items())}</fields>"
    if interests is not None:
        inner += f"<interests>{''.join(_element('interest', interest) for interest in interests)}</interests>"
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{inner}</{root}>'.encode()


def _element(name: str, text: str) -> str:
    return f"<{name}>{_escaped(text)}</{name}>"


def _field(name: str, value: str) -> str:
    if _ELEMENT.fullmatch(name):
        return _element(name, value)
    # In an attribute a parser makes blanks of these (XML 1.0 section 3.3.3).
    attribute = _escaped(name).replace("\t", "&#9;").replace("\n", "&#10;")
    return f'<field name="{attribute}">{_escaped(value)}</field>'


def _escaped(text: str) -> str:
    return _NO_CHARACTER.sub("\ufffd", text).translate(_ESCAPES)


def _form(action: str, id: int, fields: Mapping[str, str], interests: Sequence[str] | None, seconds: int) -> bytes:
    stamp = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    is_removal = action == "delete"
    pairs = [("type", action)]
    if not is_removal:
        pairs += [(f"parameters[{name}]", value) for name, value in fields.items()]
    pairs += [("timestamp", stamp), ("time", str(seconds))]
    if interests is None:
        pairs += [("profile", "1"), ("database", "1"), ("subprofile", str(id)), ("collection", "1")]
    else:
        pairs += [("profile", str(id)), ("database", "1")]
    if not is_removal:
        pairs += [("created", stamp), ("modified", stamp)]
    pairs += [(f"fields[{name}]", value) for name, value in fields.items()]
    if not is_removal:
        pairs += [("interests[]", interest) for interest in interests or ()]
    return _urlencoded(pairs)


def _urlencoded(pairs: Iterable[tuple[str, str]]) -> bytes:
    """As browsers do it (WHATWG URL, section 5.2), which Python does but for two characters."""
    quoted = (f"{quote_plus(name, safe='*')}={quote_plus(value, safe='*')}" for name, value in pairs)
    return "&".join(quoted).replace("~", "%7E").encode()
