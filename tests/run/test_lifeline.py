"""A program ends with the one that started it, whether or not it knows of the lifeline."""

import os
import signal
import subprocess
import sys

import pytest

from runner import lifeline
from testbed.processes import running

pytestmark = pytest.mark.e2e


def test_the_guard_ends_a_program_that_knows_no_lifeline() -> None:
    reading, writing = os.pipe()
    command = lifeline.guarded([sys.executable, "-c", "print('here', flush=True); input()"], by_kernel=False)
    env = {**os.environ, lifeline.VARIABLE: str(reading)}
    options = {"pass_fds": [reading], "env": env, "stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with running(command, **options) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        os.close(writing)
        assert process.wait(5) == -signal.SIGKILL % 256 or process.returncode != 0
        assert process.stdout.read() == ""  # closed by both, so both are gone
        assert process.stdin is not None
        process.stdin.close()
    os.close(reading)
