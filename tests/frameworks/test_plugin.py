"""The pytest plugin, used as a team uses it that tests its receiver."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from callback_verifier import Callback, Rejected, Verifier
from callback_verifier.testing import MockPublisher, MockPublisherError
from callback_verifier.testing._program import program


class LiveServer:
    """A receiver of the standard library's making."""

    def __init__(self, publisher: MockPublisher) -> None:
        self.callbacks: list[Callback] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    verified = server.verifier.verify("POST", self.path, list(self.headers.items()), body)
                    with server.verifier.claim(verified):
                        server.callbacks.append(verified.callback)
                    status = 200
                except Rejected as rejected:
                    status = rejected.http_status
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        host = f"127.0.0.1:{self._http.server_port}"
        self.url = f"http://{host}"
        self.verifier = Verifier(publisher.account, [host], nameservers=[publisher.dns])
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def live_server(mock_publisher: MockPublisher) -> Iterator[LiveServer]:
    server = LiveServer(mock_publisher)
    yield server
    server.stop()


def test_my_receiver(mock_publisher: MockPublisher, live_server: LiveServer) -> None:
    mock_publisher.callback(live_server.url + "/hook", action="update", condition="profile.name == 'Mike'")
    mike = mock_publisher.profiles.create(name="Mike", interests=["tennis"])
    nick = mock_publisher.profiles.create(name="Nick")
    mike.update(city="Utrecht", via="publisher")
    nick.update(city="Breda")
    delivery = mock_publisher.wait()
    assert (delivery.state, delivery.status, delivery.trigger) == ("delivered", 200, "publisher")
    assert [(one.action, one.id, one.fields["city"]) for one in live_server.callbacks] == [("update", "1", "Utrecht")]
    assert len(mock_publisher.deliveries()) == 1


def test_each_test_has_a_publisher_as_new(mock_publisher: MockPublisher, live_server: LiveServer) -> None:
    assert mock_publisher.deliveries() == []
    callback = mock_publisher.callback(live_server.url, method="xml", triggers=["rest"])
    profile = mock_publisher.profiles.create(name="Mike")
    assert (callback, profile.id) == (1, 1)
    mock_publisher.rotate_key()
    profile.delete()
    assert [mock_publisher.wait(callback=callback).action for _ in range(2)] == ["create", "delete"]


def test_faults_and_the_clock(mock_publisher: MockPublisher, live_server: LiveServer) -> None:
    mock_publisher.callback(live_server.url)
    mock_publisher.fault("tampered_body", times=1)
    mock_publisher.profiles.create(name="Mike")
    failed = mock_publisher.wait()
    assert (failed.state, failed.status, failed.error, live_server.callbacks) == ("failed", 401, "http_4xx", [])
    mock_publisher.fault("delay", seconds=3600, times=1)
    mock_publisher.profiles.create(name="Nick")
    with pytest.raises(MockPublisherError, match=r"no delivery came to an outcome within 0.2 s"):
        mock_publisher.wait(timeout=0.2)
    mock_publisher.advance(seconds=3601)
    assert mock_publisher.wait().state == "delivered"


@pytest.mark.parametrize("via", ["rest", "publisher", "soap"])
def test_each_entrance_has_its_trigger(mock_publisher: MockPublisher, live_server: LiveServer, via: str) -> None:
    for collection in (None, "orders"):
        mock_publisher.callback(live_server.url, triggers=[via], collection=collection)
    mike = mock_publisher.profiles.create(name="Mike <&>", via=via)
    mike.update(city="Utrecht", via=via)
    order = mike.create_subprofile(product="racket", via="rest" if via == "soap" else via)
    order.update(amount="2", via=via)
    order.delete(via=via)
    mike.delete(via=via)
    told = [mock_publisher.wait() for _ in range(5 if via == "soap" else 6)]
    assert {(one.trigger, one.state) for one in told} == {(via, "delivered")}
    # What is told of one profile comes in order, and others go beside it.
    profile = [one.action for one in live_server.callbacks if one.entity == "profile"]
    subprofile = [one.action for one in live_server.callbacks if one.entity == "subprofile"]
    assert profile == ["create", "update", "delete"]
    assert subprofile == ["create", "update", "delete"][3 - len(told) + 3 :]
    assert live_server.callbacks[0].fields["name"] == "Mike <&>"


def test_what_becomes_of_messages_has_triggers_too(mock_publisher: MockPublisher, live_server: LiveServer) -> None:
    mike = mock_publisher.profiles.create(name="Mike")
    order = mike.create_subprofile("orders", via="publisher", product="net")
    for collection in (None, "orders"):
        mock_publisher.callback(live_server.url, collection=collection)
    order.open("destination.fields.amount = 3")
    opened = mock_publisher.wait()
    assert (opened.trigger, opened.state, live_server.callbacks[0].fields["amount"]) == ("open", "delivered", "3")
    mike.click("profile.fields.city = 'Utrecht'", url="https://shop.example/")
    for kind in ("failure", "bounce", "click"):
        mock_publisher.handler(kind, f"destination.fields.city = '{kind}'")
    mike.fail()
    mike.bounce(code="4.2.2", description="full")
    mike.click()
    assert [mock_publisher.wait().trigger for _ in range(4)] == ["click", "failure", "bounce", "click"]
    assert [one.fields["city"] for one in live_server.callbacks[1:]] == ["Utrecht", "failure", "bounce", "click"]
    with pytest.raises(MockPublisherError, match="`customers` has no collection `nowhere`"):
        mock_publisher.callback(live_server.url, collection="nowhere")
    with pytest.raises(MockPublisherError, match="click: .*nonsense"):
        mike.click("nonsense()")


def test_masses_have_triggers_too(mock_publisher: MockPublisher, live_server: LiveServer) -> None:
    callback = mock_publisher.callback(live_server.url, triggers=["import"])
    came = mock_publisher.import_rows([{"email": "a@example.com", "name": "Anna"}, {"email": "b@example.com", "name": ""}])
    assert (came["created"], came["fired"]) == (2, 2)
    came = mock_publisher.import_rows([{"email": "b@example.com", "name": "Ben"}], action="update", keys=["email"])
    assert (came["updated"], came["fired"]) == (1, 1)
    assert [mock_publisher.wait(callback=callback).trigger for _ in range(3)] == ["import"] * 3
    with pytest.raises(MockPublisherError, match="POST /v4/imports: 400"):
        mock_publisher.import_rows([{"email": "x"}], action="forget")
    assert mock_publisher.copy("copied") == 2
    mock_publisher.callback(live_server.url, database="copied")
    mock_publisher.profiles_of("copied").create(name="Carl")
    assert mock_publisher.wait().trigger == "rest"


def test_what_is_asked_for_wrongly_is_told(mock_publisher: MockPublisher, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MockPublisherError, match="POST /v4/database/customers/callbacks: 400 .*neither an `http://` nor"):
        mock_publisher.callback("ftp://h/")
    with pytest.raises(MockPublisherError, match="nowhere"):
        mock_publisher.profiles_of("nowhere").create(name="Mike")
    mike = mock_publisher.profiles.create(name="Mike")
    with pytest.raises(ValueError, match="SOAP does not take interests"):
        mike.update(interests=["golf"], via="soap")
    with pytest.raises(ValueError, match="`via` must be one of 'rest', 'publisher', got 'soap'"):
        mike.create_subprofile(via="soap")
    with pytest.raises(ValueError, match="`via` must be one of 'rest', 'publisher', 'soap', got 'fax'"):
        mock_publisher.profiles.create(name="Mike", via="fax")
    monkeypatch.setenv("MOCK_PUBLISHER_PROGRAM", str(Path("nowhere")))
    with pytest.raises(MockPublisherError, match=r"install it with `pip install ./mock-publisher`"):
        program()
