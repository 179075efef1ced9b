"""The Python client that openapi-python-client makes of the running program's schema, installed, carries a cheer."""

import os
import shutil
from pathlib import Path

import pytest

from testbed.stack import Stack
from tests.e2e.generated import EXAMPLES, python

pytestmark = pytest.mark.e2e
EXAMPLE = EXAMPLES / "cheer.py"


@pytest.fixture(scope="module")
def client(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the generated client is installed into."""
    folder = tmp_path_factory.mktemp("client")
    python("-m", "openapi_python_client", "generate", "--url", f"{stack.url}/schema", "--fail-on-warning", cwd=folder)
    install = ("-m", "pip", "--isolated", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    python(*install, "--target", "installed", "./speedy-cheers-client", cwd=folder)
    return folder / "installed"


def test_a_cheer_from_request_to_receipt(stack: Stack, client: Path) -> None:
    said = python(str(EXAMPLE), stack.url, cwd=client, PYTHONPATH=str(client))
    assert "pays 1000 usd for Cheering" in said
    stack.manage("audit")


def test_its_types_are_sound_and_the_example_keeps_to_them(client: Path) -> None:
    shutil.copy(EXAMPLE, client)
    check = ("-m", "mypy", "--strict", "--config-file", "", "--cache-dir", os.devnull)
    python(*check, "-p", "speedy_cheers_client", "-m", "cheer", cwd=client)
