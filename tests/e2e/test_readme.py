"""The README's API minute, run as it stands."""

import re
import subprocess
from pathlib import Path

import pytest

from testbed.stack import Stack

pytestmark = pytest.mark.e2e
README = Path(__file__).parents[2] / "README.md"


def test_the_api_minute_walks_from_request_to_receipt(stack: Stack) -> None:
    section = README.read_text().split("## The API in a minute")[1]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found is not None
    script = found[1].replace("http://localhost:8000", stack.url)
    done = subprocess.run(["bash", "-eu"], input=script, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert '"status":"in_progress"' in done.stdout
    assert '"status":"completed"' in done.stdout
    assert '"total":{"amount":1000,"currency":"usd"}' in done.stdout
