"""A mock publisher that runs, as a test uses it."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from callback_verifier.testing._entities import Profiles
from callback_verifier.testing._program import MockPublisherError

#: How long an answer may take, in seconds.
ANSWER = 90.0


@dataclass(frozen=True)
class Delivery:
    """A delivery as the log has it."""

    id: int
    callback: int
    action: str
    trigger: str
    state: str
    """`pending`, `delivered` or `failed`"""
    status: int | None
    """What the receiver answered."""
    error: str | None
    """The class of what went wrong, such as `http_4xx` or `connection_refused`."""
    details: dict[str, Any]
    """All that the log says."""


class MockPublisher:
    """A mock publisher that runs. What it refuses is a MockPublisherError."""

    def __init__(self, ready: dict[str, Any]) -> None:
        """ready: what the program writes into its `--ready-file`."""
        self.url: str = ready["url"]
        self.dns: str = ready["dns"]
        """`host:port` of its name server: the `nameservers` of a verifier."""
        self.account: int = ready["account"]
        self.token: str = ready["access_token"]
        self._next = 0

    @property
    def profiles(self) -> Profiles:
        """Those of the sample database."""
        return self.profiles_of("customers")

    def profiles_of(self, database: str) -> Profiles:
        return Profiles(self, database)

    def callback(
        self,
        url: str,
        *,
        action: str = "all",
        method: str = "json",
        condition: str | None = None,
        triggers: list[str] | None = None,
        database: str = "customers",
        collection: str | None = None,
    ) -> int:
        """Asks for a callback of the profiles of a database, or of the subprofiles of one of its collections; its number.

        action: "create", "update", "delete" or "all".
        method: the form of the payload, "json", "xml" or "form".
        condition: an expression in JavaScript.
        triggers: the entrances by which changes are told of; default: all.
        """
        body: dict[str, Any] = {"url": url, "action": action, "method": method}
        if condition is not None:
            body["expression"] = condition
        if triggers is not None:
            body["triggers"] = triggers
        if collection is None:
            return self.create(f"/v4/database/{quote(database, safe='')}/callbacks", body)
        return self.create(f"/v4/collection/{self._collection(database, collection)}/callbacks", body)

    def wait(self, *, timeout: float = 5.0, callback: int | None = None, state: str | None = None) -> Delivery:
        """The next delivery that comes to an outcome, behind the one that was waited for before; `timeout` in seconds."""
        query = f"after={self._next}&timeout={timeout}"
        query += f"&callback={callback}" if callback is not None else ""
        query += f"&state={state}" if state is not None else ""
        found = self.call("GET", f"/mock/v1/wait?{query}")
        if found["delivery"] is None:
            raise MockPublisherError(f"no delivery came to an outcome within {timeout} s")
        self._next = found["next"]
        return _delivery(found["delivery"])

    def deliveries(self) -> list[Delivery]:
        """The first 1,000 of the log."""
        return [_delivery(one) for one in self.call("GET", "/mock/v1/deliveries?limit=1000")["deliveries"]]

    def import_rows(
        self,
        rows: Sequence[dict[str, str]],
        *,
        action: str = "add",
        keys: Sequence[str] = (),
        database: str = "customers",
        timeout: float = 30.0,
    ) -> dict[str, Any]:
        """Imports rows, and waits for the end; what it came to, such as `created` and `fired`.

        rows: values by the names of fields; `orders.product` is a field of a collection.
        action: "add", "update", "update or add", "ignore or add" or "delete".
        keys: the fields that tell which profile a row is about.
        timeout: how long it may take, in seconds.
        """
        order = {"database": database, "action": action, "keyFields": list(keys), "source": list(rows)}
        number = self.create("/v4/imports", order)
        deadline = time.monotonic() + timeout
        while True:
            outcome: dict[str, Any] = self.call("GET", f"/mock/v1/imports/{number}")
            if outcome["done"]:
                break
            if time.monotonic() > deadline:
                raise MockPublisherError(f"the import {number} did not come to its end within {timeout} s: {outcome}")
            time.sleep(0.01)
        if outcome["status"] != "finished":
            raise MockPublisherError(f"the import {number} was not carried out: {outcome}")
        return outcome

    def copy(self, name: str, *, database: str = "customers") -> int:
        """Copies a database; the number of the copy. Its profiles follow: `wait` for the callbacks that they fire."""
        return self.create(f"/v4/database/{quote(database, safe='')}/copy", {"name": name})

    def handler(self, kind: str, script: str, *, database: str = "customers") -> None:
        """Sets what runs at a "click", "open", "failure" or "bounce", in JavaScript."""
        self.call("PUT", f"/mock/v1/database/{quote(database, safe='')}/handlers/{kind}", {"script": script})

    def fault(self, fault: str, **details: Any) -> None:
        """Lets something go wrong: `fault("tampered_body", times=1)`."""
        self.call("POST", "/mock/v1/faults", {"fault": fault, **details})

    def advance(self, *, seconds: float | None = None, days: float | None = None) -> None:
        """Puts its clock forward."""
        self.call("POST", "/mock/v1/clock/advance", {"seconds": seconds} if days is None else {"days": days})

    def rotate_key(self) -> None:
        """Lets another key sign from now on."""
        self.call("POST", "/mock/v1/keys/rotate", {})

    def reset(self) -> None:
        """Makes it as it was when it was started."""
        self.call("POST", "/mock/v1/reset")
        self._next = 0

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Any call of its REST or control API, with its access token: what it answers, read from JSON; None for no body."""
        data = b"" if body is None else json.dumps(body).encode()
        text, _ = self.send(method, path, "application/json", data)
        return json.loads(text) if text else None

    def create(self, path: str, body: dict[str, Any]) -> int:
        """A `POST` that creates something: its number."""
        text, created = self.send("POST", path, "application/json", json.dumps(body).encode())
        return int(created or json.loads(text)["id"])

    def send(self, method: str, path: str, content_type: str, body: bytes) -> tuple[bytes, str | None]:
        """One request with its access token: the body of the answer, and the number of what was created, if REST tells it."""
        status, created, text = self._exchange(
            method, path, {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}, body
        )
        if status >= 400:
            raise MockPublisherError(f"{method} {path}: {status} {text.decode(errors='replace').strip()}")
        return text, created

    def follow(self, path: str) -> None:
        """Fetches a link as a mail reader does, without a token, and does not go where it leads."""
        status, _, text = self._exchange("GET", path, {}, b"")
        if status >= 400:
            raise MockPublisherError(f"GET {path}: {status} {text.decode(errors='replace').strip()}")

    def _collection(self, database: str, name: str) -> int:
        """The number of a collection."""
        found = self.call("GET", f"/v4/database/{quote(database, safe='')}/collections")["data"]
        number = next((one["ID"] for one in found if one["name"] == name), None)
        if number is None:
            raise MockPublisherError(f"`{database}` has no collection `{name}`")
        return int(number)

    def _exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str | None, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("X-Created"), answer.read()
        finally:
            connection.close()


def _delivery(row: dict[str, Any]) -> Delivery:
    names = ("id", "callback", "action", "trigger", "state", "status", "error")
    return Delivery(**{name: row[name] for name in names}, details=row)
