"""Profiles and subprofiles of a mock publisher, and the entrances by which they change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from callback_verifier.testing._program import MockPublisherError

if TYPE_CHECKING:
    from callback_verifier.testing._publisher import MockPublisher

#: The entrances by which something can be created, updated and removed at one's own will.
ENTRANCES = ("rest", "publisher", "soap")


class Entity:
    """What callbacks tell of. It changes through an entrance, `via` "rest", "publisher" (by hand) or "soap", or by a script: what a link
    in a message does that is followed, and what a report does of a message that did not arrive.
    """

    kind: str
    #: As SOAP and paths have it.
    _soap: str

    def __init__(self, publisher: MockPublisher, id: int) -> None:
        self._publisher = publisher
        self.id = id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"

    def delete(self, *, via: str = "rest") -> None:
        """Removes it."""
        if via == "soap":
            soap(self._publisher, f"{self._soap}_remove", f"<id>{self.id}</id>")
        else:
            self._publisher.call("DELETE", f"{path_of(via, self.kind, f'{self.kind}s')}/{self.id}", {})

    def click(self, script: str | None = None, *, url: str | None = None) -> None:
        """Somebody follows a link in a message to it.

        script: what runs then, in JavaScript, such as "profile.fields.city = 'Utrecht'"; default: the handler of the database.
        url: where the link leads.

        Raises MockPublisherError if the script fails.
        """
        self._follow({"kind": "click", "script": script, "url": url})

    def open(self, script: str | None = None) -> None:
        """Somebody opens a message to it: a picture in it is fetched. `script` is that of `click`."""
        self._follow({"kind": "open", "script": script})

    def fail(self, *, code: str = "5.1.1", description: str = "") -> None:
        """A message to it could not be delivered: the handler `failure` of the database runs."""
        self._report("failure", code, description)

    def bounce(self, *, code: str = "5.1.1", description: str = "") -> None:
        """A message to it came back: the handler `bounce` of the database runs."""
        self._report("bounce", code, description)

    def _update(self, via: str, values: dict[str, Any]) -> None:
        if via == "soap":
            soap(self._publisher, f"{self._soap}_updateFields", f"<id>{self.id}</id>{soap_fields(values)}")
        else:
            self._publisher.call("PUT", f"{path_of(via, self.kind, f'{self.kind}s')}/{self.id}", values)

    def _follow(self, link: dict[str, Any]) -> None:
        body = {name: value for name, value in {self.kind: self.id, **link}.items() if value is not None}
        made = self._publisher.call("POST", "/mock/v1/links", body)
        self._publisher.follow(urlsplit(str(made["link"])).path)
        error = self._publisher.call("GET", f"/mock/v1/links/{made['id']}")["last_error"]
        if error is not None:
            raise MockPublisherError(f"{link['kind']}: {error}")

    def _report(self, kind: str, code: str, description: str) -> None:
        body = {"type": kind, self.kind: self.id, "code": code, "description": description}
        self._publisher.call("POST", "/mock/v1/reports", body)


class Subprofile(Entity):
    """A subprofile, such as an order of a customer."""

    kind, _soap = "subprofile", "SubProfile"

    def update(self, *, via: str = "rest", **fields: str) -> None:
        """Gives fields other values."""
        self._update(via, {"fields": fields})


class Profile(Entity):
    """A profile: a customer."""

    kind, _soap = "profile", "Profile"

    def update(self, *, via: str = "rest", interests: list[str] | None = None, **fields: str) -> None:
        """Gives fields other values, and other interests if there are any given."""
        self._update(via, values_of(fields, interests))

    def create_subprofile(self, collection: str = "orders", *, via: str = "rest", **fields: str) -> Subprofile:
        """Makes a subprofile of it, `via` "rest" or "publisher"; the sample database has the collection `orders`."""
        path = f"{path_of(via, 'profile', 'profiles', soap=False)}/{self.id}/subprofiles/{quote(collection, safe='')}"
        return Subprofile(self._publisher, self._publisher.create(path, {"fields": fields}))


class Profiles:
    """The profiles of a database."""

    def __init__(self, publisher: MockPublisher, database: str) -> None:
        self._publisher = publisher
        self._database = database

    def create(self, *, via: str = "rest", interests: list[str] | None = None, **fields: str) -> Profile:
        """Makes a profile, `via` "rest", "publisher" (by hand) or "soap"."""
        values = values_of(fields, interests)
        if via == "soap":
            number = self._publisher.call("GET", f"/mock/v1/ui/databases/{quote(self._database, safe='')}")["id"]
            answer = soap(self._publisher, "Database_createProfile", f"<id>{number}</id>{soap_fields(values)}")
            found = re.search("<id>([0-9]+)</id>", answer)
            if found is None:
                raise MockPublisherError(f"Database_createProfile: no `id` in {answer}")
            return Profile(self._publisher, int(found[1]))
        base = path_of(via, "database", "databases")
        return Profile(self._publisher, self._publisher.create(f"{base}/{quote(self._database, safe='')}/profiles", values))


def path_of(via: str, rest: str, publisher: str, *, soap: bool = True) -> str:
    """Where the calls of an entrance begin."""
    if via == "rest":
        return f"/v4/{rest}"
    if via == "publisher":
        return f"/mock/v1/ui/{publisher}"
    known = ", ".join(f"'{name}'" for name in ENTRANCES if soap or name != "soap")
    raise ValueError(f"`via` must be one of {known}, got {via!r}")


def values_of(fields: dict[str, str], interests: list[str] | None) -> dict[str, Any]:
    return {"fields": fields} if interests is None else {"fields": fields, "interests": interests}


def soap_fields(values: dict[str, Any]) -> str:
    if "interests" in values:
        raise ValueError("SOAP does not take interests together with fields; give them `via` another entrance")
    pairs = (f"<pair><key>{escape(name)}</key><value>{escape(value)}</value></pair>" for name, value in values["fields"].items())
    return f"<fields>{''.join(pairs)}</fields>"


def soap(publisher: MockPublisher, operation: str, parameters: str) -> str:
    """Calls an operation of the SOAP API; its answer."""
    body = (
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:p="urn:POMSOAPAPI"><SOAP-ENV:Body>'
        f"<p:{operation}><access_token>{escape(publisher.token)}</access_token>{parameters}</p:{operation}>"
        "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )
    return publisher.send("POST", "/soap", "text/xml; charset=utf-8", body.encode())[0].decode()
