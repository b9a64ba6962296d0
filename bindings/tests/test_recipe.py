"""What the package's speed is measured against is correct, else the comparison would be worth nothing."""

import sys
from pathlib import Path
from typing import Any

import pytest
from test_verdicts import DOCUMENT

sys.path.insert(0, str(Path(__file__).parents[1] / "benches"))
from recipe import Recipe  # noqa: E402

STRICT = {"account": 1234, "hosts": ["hooks.example.com"]}
GENUINE = next(vector for vector in DOCUMENT["vectors"] if vector["id"] == "verified/lowercase")


def concerns(vector: "dict[str, Any]") -> bool:
    """Neither options, nor other keys, nor the memory of nonces."""
    if vector["receiver"] != STRICT or vector["records"] != GENUINE["records"]:
        return False
    return vector["verdict"] == "verified" or int(vector["verdict"]["step"]) < 12


@pytest.mark.parametrize("vector", [one for one in DOCUMENT["vectors"] if concerns(one)], ids=lambda vector: vector["id"])
def test_the_recipe_is_correct(vector: "dict[str, Any]") -> None:
    der = GENUINE["records"][0].rpartition("p=")[2]
    pem = f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n"
    recipe = Recipe(1234, "hooks.example.com", {DOCUMENT["key_id"]: pem})
    request = vector["request"]
    lines = [(name, value) for name, value in request["headers"]]
    told = recipe.verify(request["method"], request["target"], lines, request["body"].encode("latin-1"), vector["now"])
    assert (told is not None) == (vector["verdict"] == "verified")
