"""Another client, which reads the WSDL in its own way."""

from callback_verifier.testing import MockPublisher
from suds.client import Client


def test_a_profile_is_created_searched_and_removed(publisher: MockPublisher) -> None:
    client = Client(f"{publisher.url}/soap?SOAPAPI=WSDL", cache=None)
    token = publisher.token
    database = client.service.Account_database(access_token=token, identifier="customers")
    fields = client.factory.create("Map")
    pair = client.factory.create("Pair")
    pair.key, pair.value = "name", "Suds & Söhne"
    fields.pair.append(pair)
    created = client.service.Database_createProfile(access_token=token, id=database.id, fields=fields)
    requirement = client.factory.create("Requirement")
    requirement.fieldname, requirement.value, requirement.operator = "name", "Suds & Söhne", "="
    found = client.service.Database_searchProfiles(access_token=token, id=database.id, requirements=[requirement])
    assert (found.total, found.items.profile[0].id) == (1, created.id)
    assert client.service.Profile_remove(access_token=token, id=created.id) is True
