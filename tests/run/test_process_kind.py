"""Each kind of process is known by its command line, and how many there are by a setting."""

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.process import counts, kind_of_process


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["/srv/venv/bin/granian", "--interface", "asgi"], "web"),
        (["/srv/venv/lib/granian/__main__.py"], "web"),
        (["/srv/app/speedycheers/server.py"], "socket"),
        (["manage.py", "worker", "--region", "nyc"], "worker"),
        (["/srv/app/manage.py", "sweep"], "sweep"),
        (["manage.py", "migrate", "--noinput"], "migrate"),
        (["/srv/app/runner/prepare.py"], "migrate"),
        (["manage.py", "audit"], "shell"),
        (["manage.py"], "shell"),
        (["/usr/bin/pytest", "worker"], "shell"),
        ([], "shell"),
    ],
)
def test_the_kind_follows_from_the_command_line(arguments: list[str], kind: str) -> None:
    assert kind_of_process(arguments, debug=False) == kind


def test_in_development_one_process_serves_calls_and_sockets() -> None:
    assert kind_of_process(["speedycheers/server.py"], debug=True) == "web"


@pytest.mark.parametrize(
    ("text", "bounds"), [("1", (1, 1)), ("3", (3, 3)), ("1-4", (1, 4)), ("2-2", (2, 2)), ("1-64", (1, 64))]
)
def test_the_bounds_of_a_kind(text: str, bounds: tuple[int, int]) -> None:
    assert counts("WORKERS", text) == bounds


def test_auto_is_up_to_one_for_each_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    for processors, most in ((1, 2), (2, 2), (16, 16), (None, 2), (512, 64)):
        monkeypatch.setattr(os, "cpu_count", lambda count=processors: count)
        assert counts("SERVERS", "auto") == (1, most)


@pytest.mark.parametrize(
    "text", ["", "0", "0-3", "4-1", "-1", "1-", "-", "many", "1-99999", "١", "1.5", "Auto", "1-2-3"]
)
def test_what_is_no_number_of_processes_is_refused(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SERVERS takes a number"):
        counts("SERVERS", text)
