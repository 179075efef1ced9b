"""SIGTERM to the sweep and to a worker: what runs is finished, and nothing more is begun."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from core import valkey
from testbed.processes import BASE, free_port
from testbed.stack import environment

pytestmark = pytest.mark.e2e

SETUP = """
import os, sys, threading
os.environ["DJANGO_SETTINGS_MODULE"] = "speedycheers.settings"
import django
django.setup()
from django.core.management import call_command

def work():
    print("@ begun", file=sys.__stdout__, flush=True)  # not what a worker has put in its place
    sys.stdin.readline()
    print("@ finished", file=sys.__stdout__, flush=True)
"""
SWEEP = """
from ops.sweep import Sweeper
Sweeper.run_due = lambda self: work()
call_command("sweep")
"""
WORKER = """
from django.conf import settings
from ops.management.commands import worker
from speedycheers.celery import app
app.conf.broker_url = "memory://"
worker.worker_queues = lambda: [settings.CELERY_TASK_DEFAULT_QUEUE]
app.task(name="work")(work)
app.send_task("work", queue=settings.CELERY_TASK_DEFAULT_QUEUE)
call_command("worker", concurrency=1)
"""

WAITING = 5
BUSY_WORKER = f"""
from ops.management.commands import worker
from speedycheers.celery import app
worker.worker_queues = lambda: ["busy"]
app.task(name="work")(work)
for _ in range({WAITING}):
    app.send_task("work", queue="busy")
call_command("worker", concurrency=1)
"""


@contextmanager
def running(script: str, folder: Path, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that prints what it begins and finishes, and that goes on when it is given a line."""
    env = environment(folder / "var", free_port(), **settings)
    (folder / "var").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SETUP + script],
        cwd=BASE,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("script", [SWEEP, WORKER], ids=["sweep", "worker"])
def test_what_runs_is_finished_and_nothing_more_begun(script: str, tmp_path: Path) -> None:
    with running(script, tmp_path) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "@ begun\n":
            assert line, "it has ended before it began anything"
        os.kill(process.pid, signal.SIGTERM)
        said, _ = process.communicate("go on\n" * 5, timeout=30)
        assert [line for line in said.splitlines() if line.startswith("@")] == ["@ finished"]
        assert process.returncode == 0


def test_a_worker_finishes_what_it_has_fetched_and_leaves_the_rest_to_others(tmp_path: Path) -> None:
    """Its thread has fetched one more task than it runs."""
    with running(BUSY_WORKER, tmp_path, REDIS_URL=settings.REDIS_URL) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) != "@ begun\n":
            assert line, "it has ended before it began anything"
        os.kill(process.pid, signal.SIGTERM)
        said, _ = process.communicate("go on\n" * WAITING, timeout=60)
        assert process.returncode == 0
    finished = said.splitlines().count("@ finished")
    assert (said.splitlines().count("@ begun") + 1, finished <= 2) == (finished, True)
    assert valkey.client().llen("busy") == WAITING - finished
    assert valkey.client().hlen("unacked") == 0
