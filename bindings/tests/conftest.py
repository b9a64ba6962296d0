import pytest
from publisher import HOST, Callback, Key, Request

from callback_verifier import Verifier


@pytest.fixture(scope="session")
def key() -> Key:
    return Key()


@pytest.fixture(scope="session")
def verifier(key: Key) -> Verifier:
    """Takes what `key` signs for account 1234."""
    return Verifier(1234, [HOST], key_pem=key.pem)


@pytest.fixture(scope="session")
def request_(key: Key) -> Request:
    """A callback as it should be."""
    return Callback().sign(key)
