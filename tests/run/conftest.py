"""A running `tests.run.echo_server`: one for the tests of a file, or one for a test alone."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.processes import free_port, listening, running, wait_until
from tests.run.echo import Echo


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echo]:
    yield from _echo(tmp_path_factory.mktemp("echo"))


@pytest.fixture
def own_echo(tmp_path: Path) -> Iterator[Echo]:
    """A server for a test that ends it."""
    yield from _echo(tmp_path)


def _echo(folder: Path) -> Iterator[Echo]:
    port, log = free_port(), folder / "log"
    command = [sys.executable, "-m", "tests.run.echo_server", str(port)]
    with log.open("w") as output, running(command, stdout=output, stderr=output) as process:
        wait_until(lambda: listening(port), 20, f"the server listens; {log.read_text()}")
        yield Echo(port, process, log)
