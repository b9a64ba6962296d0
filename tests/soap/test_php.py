"""PHP's SoapClient, which the platform's own samples are written for."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from callback_verifier.testing import MockPublisher


def php_has_soap() -> bool:
    php = shutil.which("php")
    return php is not None and "soap" in subprocess.run([php, "-m"], capture_output=True, text=True).stdout.split()


@pytest.mark.skipif(not php_has_soap() and not os.environ.get("CI"), reason="needs PHP with its SOAP extension")
def test_php_calls_with_and_without_the_wsdl(publisher: MockPublisher) -> None:
    script = Path(__file__).with_name("client.php")
    run = subprocess.run(
        ["php", script, f"{publisher.url}/soap", publisher.token], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
    # Without the WSDL it knows no types, so that numbers are texts.
    empty = {"name": "", "email": "", "city": "", "company": "", "score": "0"}
    assert json.loads(run.stdout) == {
        "stranger": "Not logged on",
        "created": {**empty, "name": 'Söhne & "Töchter"', "score": "3"},
        "found": 1,
        "subprofile": {"product": "lamp", "amount": "0"},
        "removed": 1,
        "nothing": [],
        "encoded": {**empty, "name": "Mike", "city": "Utrecht"},
        "updated": "1",
        "removed_encoded": "1",
    }
