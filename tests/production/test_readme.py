"""The README's lines for production work when they are pasted."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from testbed.environment import make_folder
from testbed.postgres import drop_database, fresh_database
from testbed.processes import BASE, free_port, wait_until
from tests.production.installation import Installation

pytestmark = pytest.mark.e2e
READY_S = 900  # compressing all static files takes half a minute on an idle machine, and this one may be busy
LINES_MAX = 5


def lines() -> list[str]:
    """The lines of the README's part about production."""
    _, part = (BASE / "README.md").read_text().split("## In production\n")
    block = re.search(r"```sh\n(.+?)```", part, re.DOTALL)
    assert block is not None
    return block[1].strip().splitlines()


def test_the_lines_for_production_work_when_pasted(installation: Installation) -> None:
    pasted = lines()
    assert len(pasted) <= LINES_MAX
    folder, port = make_folder(), free_port()
    url = fresh_database(installation.server.url)
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "REDIS_URL": installation.settings["REDIS_URL"],
        "PORT": str(port),
        "SPEEDYCHEERS_DATA": str(folder / "var"),
    }
    output = Path(folder / "output")
    with output.open("w") as file:
        shell = subprocess.Popen(
            ["bash", "-e"],
            cwd=BASE,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            text=True,
            start_new_session=True,
        )
    assert shell.stdin is not None
    shell.stdin.write("\n".join(pasted) + "\n")
    shell.stdin.close()
    try:
        ready = f"ready http://127.0.0.1:{port}"
        wait_until(lambda: ready in output.read_text() or shell.poll() is not None, READY_S, "ready")
        assert ready in output.read_text(), output.read_text()
        assert "ERROR" not in output.read_text()
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(30)
        drop_database(installation.server.url, url)
