"""What a common HTTP library makes of the REST API when it is used as the platform's documentation says."""

import pytest
import requests
from callback_verifier.testing import MockPublisher

VERSIONS = ["v1", "v2", "v3", "v4"]


@pytest.fixture(params=VERSIONS)
def api(request: pytest.FixtureRequest, publisher: MockPublisher) -> str:
    return f"{publisher.url}/{request.param}"


@pytest.fixture
def token(publisher: MockPublisher) -> dict[str, str]:
    return {"access_token": publisher.token}


def create(api: str, token: dict[str, str], **values: str) -> str:
    body = values if api.endswith("/v1") else {"fields": values}
    created = requests.post(f"{api}/database/customers/profiles", params=token, json=body)
    assert created.status_code == 201
    return created.headers["X-Created"]


def test_a_profile_is_updated_and_the_redirect_leads_to_it(api: str, token: dict[str, str]) -> None:
    profile = create(api, token, name="Mike")
    updated = requests.put(f"{api}/profile/{profile}", params=token, json={"fields": {"city": "Delft"}})
    if api.endswith(("/v1", "/v2")):
        # The library follows it, as curl and PHP do when they are told to.
        assert [step.status_code for step in updated.history] == [303]
        assert updated.status_code == 200
        assert updated.json()["fields"]["city"] == "Delft"
    else:
        assert (updated.status_code, updated.content) == (204, b"")
    assert requests.get(f"{api}/profile/{profile}/fields", params=token).json()["city"] == "Delft"


def test_a_search_creates_what_it_does_not_find(api: str, token: dict[str, str]) -> None:
    city = f"city of {api[-2:]}"
    values = {"city": city, "name": "Jess"}
    search = {**token, "fields[]": [f"city=={city}", "name==Jess"], "create": "1"}
    for _ in range(2):
        body = values if api.endswith("/v1") else {"fields": values}
        requests.put(f"{api}/database/customers/profiles", params=search, json=body).raise_for_status()
    found = requests.get(f"{api}/database/customers/profiles", params={**token, "fields[]": f"city=={city}"}).json()
    assert found["total"] == 1


def test_a_form_is_as_good_as_json(api: str, token: dict[str, str]) -> None:
    profile = create(api, token, name="Ann")
    order = {"product": "ball", "amount": "2"}
    made = requests.post(f"{api}/profile/{profile}/subprofiles/orders", params=token, data=order)
    subprofile = made.headers["X-Created"]
    assert requests.get(f"{api}/subprofile/{subprofile}", params=token).json()["fields"] == order
    removed = requests.delete(f"{api}/database/customers/profiles", params=token, data={"profiles[]": [profile]})
    assert removed.status_code == (200 if api.endswith(("/v1", "/v2")) else 204)
    assert requests.get(f"{api}/subprofile/{subprofile}", params=token).json()["removed"]


def test_a_bearer_is_as_good_as_the_query(api: str, publisher: MockPublisher) -> None:
    bearer = {"Authorization": f"Bearer {publisher.token}"}
    assert requests.get(f"{api}/identity", headers=bearer).json()["id"] == "1234"
    refused = requests.get(f"{api}/identity")
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "Invalid access token")
