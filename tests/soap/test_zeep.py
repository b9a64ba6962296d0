"""What a standard SOAP client makes of the WSDL alone, without a line written for this service."""

import itertools
import json
from typing import Any
from urllib.request import urlopen

import pytest
import zeep
from callback_verifier.testing import MockPublisher
from lxml import etree
from zeep.exceptions import Fault
from zeep.plugins import HistoryPlugin

names = (f"soap{number}" for number in itertools.count(1))


class Api:
    """The operations, called with the access token. Each answer must be valid by the schema in the WSDL."""

    def __init__(self, publisher: MockPublisher) -> None:
        self._history = HistoryPlugin()
        self.client = zeep.Client(f"{publisher.url}/soap?SOAPAPI=WSDL", plugins=[self._history])
        self._token = publisher.token
        wsdl = etree.fromstring(urlopen(f"{publisher.url}/soap?SOAPAPI=WSDL").read())
        self._schema = etree.XMLSchema(wsdl.find("{*}types/{http://www.w3.org/2001/XMLSchema}schema"))

    def __getattr__(self, operation: str) -> Any:
        def call(**parameters: Any) -> Any:
            result = self.client.service[operation](access_token=self._token, **parameters)
            for message in self._history.last_sent, self._history.last_received:
                self._schema.assertValid(message["envelope"].find("{*}Body")[0])
            return result

        return call


@pytest.fixture(scope="session")
def api(publisher: MockPublisher) -> Api:
    return Api(publisher)


@pytest.fixture
def database(api: Api) -> int:
    """A database of its own, with a text and a number in it."""
    database = api.Account_createDatabase(name=next(names)).id
    api.Database_createField(id=database, name="email", type="text", display=True, specialcontent="email", length=100)
    api.Database_createField(id=database, name="score", type="integer", display=True, value="0")
    return database


def pairs(**fields: str) -> dict[str, list[dict[str, str]]]:
    return {"pair": [{"key": key, "value": value} for key, value in fields.items()]}


def fields_of(entity: Any) -> dict[str, str]:
    return values_of(entity.fields.pair)


def values_of(pairs: list[Any]) -> dict[str, str]:
    """A map as Python has it. zeep makes `None` of an empty text."""
    return {pair.key: pair.value or "" for pair in pairs}


def operations(client: zeep.Client) -> dict[str, Any]:
    port = client.wsdl.services["POMSOAPAPI"].ports["POMPort"]
    return port.binding._operations


def test_every_operation_of_the_wsdl_loads(api: Api) -> None:
    found = operations(api.client)
    assert len(found) > 50
    for name, operation in found.items():
        assert operation.input.signature(), name
        assert operation.output.signature() is not None, name
    port = api.client.wsdl.port_types["{urn:POMSOAPAPI}POMPortType"]
    assert set(port.operations) == set(found)


def test_every_operation_answers_as_the_wsdl_says(api: Api) -> None:
    """With numbers of nothing and texts that mean nothing: an answer that fits its type, or a fault; nothing breaks."""
    made_up = {"long": 424242, "string": "nothing", "boolean": False}
    for name, operation in operations(api.client).items():
        parameters = {
            parameter: {"id": 424242} if "Reference" in str(element.type) else made_up[element.type.name]
            for parameter, element in operation.input.body.type.elements
            if element.min_occurs == 1
        }
        if name == "login":
            continue
        try:
            getattr(api, name)(**parameters)
        except Fault as fault:
            assert fault.code.endswith("Client"), (name, fault.code, fault.message)
            assert fault.message and "Internal" not in fault.message, name


def test_a_database_is_set_up_and_looked_at(api: Api) -> None:
    name = next(names)
    assert api.Account_database(identifier=name) is None
    database = api.Account_createDatabase(name=name, description="of a test")
    assert (database.name, database.description, database.archived) == (name, "of a test", False)
    assert api.Account_database(identifier=name.upper()).id == database.id
    assert database.id in [each.id for each in api.Account_databases().items.database]

    field = api.Database_createField(id=database.id, name="colour", type="select", value="red\nblue*", display=True)
    assert (field.name, field.type, field.value) == ("colour", "select", "red\nblue*")
    assert api.Database_field(id=database.id, identifier="COLOUR").id == field.id
    assert api.Database_field(id=database.id, identifier="shape") is None
    assert api.Field_update(id=field.id, name="tint") is True
    assert [each.name for each in api.Database_fields(id=database.id).items.field] == ["tint"]

    interest = api.Database_createInterest(id=database.id, name="chess", group="games")
    assert api.Database_interests(id=database.id).items.interest[0].id == interest.id

    collection = api.Database_createCollection(id=database.id, name="visits")
    api.Collection_createField(id=collection.id, name="page", type="text")
    assert api.Database_collection(id=database.id, identifier="visits").id == collection.id
    assert [each.name for each in api.Collection_fields(id=collection.id).items.field] == ["page"]

    api.Database_update(id=database.id, description="changed", archived=True)
    changed = api.Database_retrieve(id=database.id)
    assert (changed.name, changed.description, changed.archived) == (name, "changed", True)
    api.Database_setUnsubscribeValues(id=database.id, fields=pairs(tint="red"))
    assert values_of(api.Database_unsubscribeValues(id=database.id)) == {"tint": "red"}
    api.Database_createProfile(id=database.id)
    assert api.Database_remove(id=database.id) is True
    with pytest.raises(Fault, match="No database with supplied ID"):
        api.Database_retrieve(id=database.id)
    assert api.Account_database(identifier=name) is None


def test_profiles_are_created_searched_updated_and_removed(api: Api, database: int) -> None:
    text = 'a "<&>" \u00e9\U0001f980\nb'
    created = api.Database_createProfile(id=database, fields=pairs(email=text, score="12 apples"))
    assert fields_of(created) == {"email": text, "score": "12"}
    other = api.Database_createProfile(id=database)
    assert fields_of(other) == {"email": "", "score": "0"}

    found = api.Database_searchProfiles(
        id=database,
        requirements=[
            {"fieldname": "score", "value": "10", "operator": ">"},
            {"fieldname": "id", "value": str(created.id), "operator": "="},
        ],
    )
    assert (found.start, found.length, found.total) == (0, 1, 1)
    assert [profile.id for profile in found.items.profile] == [created.id]
    page = api.Database_profiles(id=database, start=1, length=5, orderby="score", order="desc")
    assert (page.start, page.length, page.total, page.items.profile[0].id) == (1, 1, 2, other.id)

    assert api.Profile_updateFields(id=created.id, fields=pairs(score="13")) is True
    assert values_of(api.Profile_fields(id=created.id)) == {"email": text, "score": "13"}
    nobody = [{"fieldname": "email", "value": "nobody", "operator": "="}]
    assert api.Database_updateProfiles(id=database, requirements=nobody, fields=pairs(score="1")) == 0
    assert api.Database_updateProfiles(id=database, requirements=nobody, create=True, fields=pairs(score="1")) == 1
    everybody = [{"fieldname": "score", "value": "-1", "operator": ">"}]
    assert api.Database_updateProfiles(id=database, requirements=everybody, fields=pairs(score="7")) == 3

    assert api.Profile_remove(id=created.id) is True
    assert api.Profile_retrieve(id=created.id).removed
    with pytest.raises(Fault, match="already been removed"):
        api.Profile_remove(id=created.id)
    rest = [profile.id for profile in api.Database_profiles(id=database).items.profile]
    assert api.Database_removeProfiles(id=database, ids=rest) == 2
    assert api.Database_profiles(id=database).total == 0


def test_a_profile_moves_into_another_database(api: Api, database: int) -> None:
    customers = api.Account_database(identifier="customers").id
    profile = api.Database_createProfile(id=customers, fields=pairs(name="Mike", email="m@example.com", score="3")).id
    assert api.Profile_move(id=profile, database={"id": database}) is True
    moved = api.Profile_retrieve(id=profile)
    assert (moved.database, moved.removed, fields_of(moved)) == (
        database,
        None,
        {"email": "m@example.com", "score": "3"},
    )
    with pytest.raises(Fault, match="already"):
        api.Profile_move(id=profile, database={"id": database})


def test_subprofiles_are_created_searched_updated_and_removed(api: Api) -> None:
    customers = api.Account_database(identifier="customers").id
    orders = api.Database_collection(id=customers, identifier="orders").id
    profile = api.Database_createProfile(id=customers, fields=pairs(name="Mike")).id
    here = {"id": profile, "collection": {"id": orders}}

    created = api.Profile_createSubProfile(**here, fields=pairs(product="book", amount="2"))
    assert (created.profile, created.collection) == (profile, orders)
    assert fields_of(created) == {"product": "book", "amount": "2"}
    book = [{"fieldname": "product", "value": "book", "operator": "="}]
    assert api.Profile_searchSubProfiles(**here, requirements=book).items.subprofile[0].id == created.id
    assert api.Profile_updateSubProfiles(**here, requirements=book, fields=pairs(amount="3")) == 1
    api.SubProfile_updateFields(id=created.id, fields=pairs(product="lamp"))
    assert fields_of(api.SubProfile_retrieve(id=created.id)) == {"product": "lamp", "amount": "3"}
    assert api.Profile_subProfiles(**here).total == 1
    assert api.Collection_removeSubProfiles(id=orders, ids=[created.id]) == 1
    second = api.Profile_createSubProfile(**here).id
    assert api.SubProfile_remove(id=second) is True
    assert api.Profile_subProfiles(**here).total == 0


def test_interests_are_turned_on_and_off(api: Api) -> None:
    customers = api.Account_database(identifier="customers").id
    profile = api.Database_createProfile(id=customers).id
    assert not api.Profile_interests(id=profile)
    api.Profile_addInterest(id=profile, interest="Tennis")
    api.Profile_addInterest(id=profile, interest="golf")
    api.Profile_removeInterest(id=profile, interest="tennis")
    assert api.Profile_interests(id=profile) == ["golf"]


def test_callbacks_are_set_up_changed_and_removed(api: Api, database: int) -> None:
    created = api.Database_createCallback(
        id=database, url="http://127.0.0.1:9/hook", method="xml", expression="", action="update", triggers="soap, rest"
    )
    assert (created.method, created.action, created.triggers, created.active) == ("xml", "update", "rest,soap", True)
    assert (created.database, created.collection) == (database, 0)
    assert (created.conditions, created.dialect, created.wire) == (None, None, None)
    assert api.Callback_update(id=created.id, method="json", active=False) is True
    changed = api.Callback_retrieve(id=created.id)
    assert (changed.method, changed.action, changed.active) == ("json", "update", False)
    assert [each.id for each in api.Database_callbacks(id=database).items.callback] == [created.id]
    assert api.Callback_remove(id=created.id) is True
    assert api.Database_callbacks(id=database).total == 0


def test_rules_of_a_callback_are_json_in_a_text(api: Api, database: int) -> None:
    rules = {"field": "email", "contains": "<&>"}
    created = api.Database_createCallback(
        id=database,
        url="http://127.0.0.1:9/hook",
        conditions=json.dumps(rules),
        dialect="legacy",
        wire="documented",
    )
    assert (json.loads(created.conditions), created.dialect, created.wire) == (rules, "legacy", "documented")
    api.Callback_update(id=created.id, expression="true", dialect="current")
    kept = api.Callback_retrieve(id=created.id)
    assert (json.loads(kept.conditions), kept.dialect, kept.wire) == (rules, "current", "documented")
    for wrong in ["email contains x", "{}", '{"field": "email", "sounds": "x"}']:
        with pytest.raises(Fault, match="^`conditions`: "):
            api.Callback_update(id=created.id, conditions=wrong)
    for nothing in ["", "null"]:
        api.Callback_update(id=created.id, conditions=json.dumps(rules))
        api.Callback_update(id=created.id, conditions=nothing)
        assert api.Callback_retrieve(id=created.id).conditions is None


def test_a_login_replaces_the_token(publisher: MockPublisher) -> None:
    client = zeep.Client(f"{publisher.url}/soap?SOAPAPI=WSDL")
    with pytest.raises(Fault, match="^Not logged on$"):
        client.service.Account_databases()
    with pytest.raises(Fault, match="Invalid access token"):
        client.service.Account_databases(access_token="wrong")
    with pytest.raises(Fault, match="Invalid username or password"):
        client.service.login(username="anybody", password="wrong", account="any")
    # zeep keeps cookies, as a browser does.
    assert client.service.login(username="anybody", password=publisher.token, account="any") is True
    assert client.service.Account_databases().total > 0
