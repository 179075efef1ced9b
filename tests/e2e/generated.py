"""Shared by the tests of generated clients: the examples of the documentation, and a way to run programs."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from testbed.processes import BASE

EXAMPLES = BASE / "docs" / "examples"
SCRIPTS = sysconfig.get_path("scripts")
WITHIN_S = 120


def run(*command: str, cwd: Path, **env: str) -> str:
    """The output of a program of this environment, which must succeed."""
    path = os.pathsep.join([SCRIPTS, os.environ["PATH"]])
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1", **env},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def python(*arguments: str, cwd: Path, **env: str) -> str:
    """The output of this Python with these arguments."""
    return run(sys.executable, *arguments, cwd=cwd, **env)
