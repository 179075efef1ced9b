"""Each kind of process is known by its command line."""

import pytest

from speedycheers.settings.process import kind_of_process


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
