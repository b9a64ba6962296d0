"""Background tasks run behind the answer, so the sender does not hear that one has failed."""

from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.testclient import TestClient

from callback_verifier import Verified, Verifier
from callback_verifier.asgi import VerifyCallbacks
from callback_verifier.fastapi import verified_callback
from callback_verifier.testing import signed_callback, signing_key


def fails() -> None:
    raise ZeroDivisionError


def by_dependency(app: FastAPI, verifier: Verifier) -> Any:
    @app.post("/hook")
    async def hook(
        verified: Annotated[Verified, Depends(verified_callback(verifier), scope="function")], background: BackgroundTasks
    ) -> str:
        background.add_task(fails)
        return verified.callback.action

    return app


def by_middleware(app: FastAPI, verifier: Verifier) -> Any:
    @app.post("/hook")
    async def hook(background: BackgroundTasks) -> str:
        background.add_task(fails)
        return "ok"

    return VerifyCallbacks(app, verifier)


@pytest.mark.parametrize("made", [by_dependency, by_middleware])
def test_what_was_answered_does_not_come_again(made: Any) -> None:
    app = made(FastAPI(), Verifier(1234, ["hooks.example.com"], key_pem=signing_key().public_pem))
    client = TestClient(app, raise_server_exceptions=False)
    callback = signed_callback("http://hooks.example.com/hook", fields={"name": "Mike"})
    statuses = [client.post(callback.target, headers=callback.headers, content=callback.body).status_code for _ in range(2)]
    assert statuses == [200, 409]
