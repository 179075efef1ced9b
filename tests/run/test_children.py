"""A part of the program: what it loads and inherits, when it is started again, and its log."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.children import FIRST_DELAY_S, STEADY_S, Child, Surroundings
from testbed.processes import BASE, free_port
from testbed.stack import environment


def test_a_start_loads_nothing_that_few_need() -> None:
    script = "import django, sys; django.setup(); import speedycheers.urls, requests_app.tasks; print(*sys.modules)"
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "speedycheers.settings"}
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=BASE, env=env, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(result.stdout.split())
    assert "requests_app.matching.batch" in loaded
    assert not loaded & {"scipy", "fpdf", "pywebpush"}


def test_parts_read_and_write_compiled_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    script = """
import os
from django.conf import settings
from runner.supervisor import Supervisor
surroundings = Supervisor().surroundings(0)
print("PYTHONDONTWRITEBYTECODE" in surroundings.environment, "PYTHONPATH" in surroundings.environment)
"""
    env = environment(tmp_path / "var", free_port(), DJANGO_SETTINGS_MODULE="speedycheers.settings")
    (tmp_path / "var").mkdir()
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=BASE, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == ["False", "True"]


def test_deaths_long_ago_are_forgiven(tmp_path: Path) -> None:
    child = Child("x", [], Surroundings({}, tmp_path, []))
    for died_at in range(0, 1000, 20):
        child.started_at = died_at - 1
        assert child.plan_restart(died_at)
    for died_at in range(2000, 2004):
        child.started_at = died_at - 1
        assert child.plan_restart(died_at)
    child.started_at = 2004
    assert not child.plan_restart(2005)


def test_whoever_had_started_well_is_started_again_at_once(tmp_path: Path) -> None:
    child = Child("x", [], Surroundings({}, tmp_path, []))
    for died_at in range(0, 100, 10):  # more often than a part that can't start would be
        child.started_at = died_at - STEADY_S
        assert child.plan_restart(died_at)
        assert child.start_at == died_at


def test_whoever_dies_as_it_starts_waits_longer_each_time(tmp_path: Path) -> None:
    child = Child("x", [], Surroundings({}, tmp_path, []))
    waits = []
    for died_at in (100, 101, 102):
        child.started_at = died_at - 0.5
        child.plan_restart(died_at)
        assert child.start_at is not None
        waits.append(child.start_at - died_at)
    assert waits == pytest.approx([0, FIRST_DELAY_S, 3 * FIRST_DELAY_S])


def test_logs_are_kept_once_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child("x", [], Surroundings({}, tmp_path, []))
    child.log.write_text("first")
    child.roll_log()
    assert (tmp_path / "x.log.1").read_text() == "first"
    child.log.write_text("second")
    monkeypatch.setattr("runner.children.MAX_LOG_BYTES", 3)
    child.bound_log()
    assert child.log.read_text() == ""
    assert (tmp_path / "x.log.1").read_text() == "second"
