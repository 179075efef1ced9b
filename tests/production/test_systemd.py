"""The systemd units: systemd takes them, and their very commands make an installation from nothing."""

import configparser
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from socket import create_connection
from typing import Any

import pytest
import websockets.sync.client as sockets

from testbed.environment import make_folder
from testbed.postgres import drop_database, fresh_database
from testbed.processes import BASE, free_port, listening, running, wait_until
from testbed.production import COLLECT
from testbed.stack import Stack
from tests.production.installation import Installation

pytestmark = pytest.mark.e2e
UNITS = BASE / "deploy" / "systemd"
HOME = "/opt/speedycheers"
READY_S = 180
HEADERS = {"Host": "cheers.speedy.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


class Unit:
    """The commands and the environment of a unit, for an instance."""

    def __init__(self, name: str, instance: str = "") -> None:
        self.commands: list[list[str]] = []
        self.environment: dict[str, str] = {}
        for line in (UNITS / name).read_text().replace("%i", instance).replace(HOME, str(BASE)).splitlines():
            key, _, value = line.partition("=")
            if key == "ExecStart":
                self.commands.append(shlex.split(value))
            elif key == "Environment":
                self.environment |= dict([value.split("=", 1)])


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in UNITS.iterdir():
        if name.is_dir():
            shutil.copytree(name, tmp_path / name.name)
        elif name.suffix in (".service", ".target"):
            (tmp_path / name.name).write_text(name.read_text())
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.write_text(file.read_text().replace(HOME, str(BASE)))
    instances = {"web@": "web@8000", "socket@": "socket@8001", "worker@": "worker@1", "sweep@": "sweep@1"}
    names = [*(f"speedycheers-{name}.service" for name in (*instances.values(), "migrate")), "speedycheers.target"]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *names],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_every_service_is_sandboxed_by_the_shared_file() -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.read(UNITS / "speedycheers-.service.d" / "common.conf")
    service = dict(parser["Service"])
    assert service["protectsystem"] == "strict"
    assert (service["nonewprivileges"], service["capabilityboundingset"]) == ("yes", "")
    assert int(service["limitnofile"]) >= 65536
    assert service["user"] == "speedycheers"


@pytest.fixture(scope="module")
def from_nothing(installation: Installation) -> Iterator[tuple[Installation, Stack, int, Path]]:
    """A database without rows, on which the units' commands have run in their order; sockets have a port of their own.

    Its tables are those that the same command has made for `installation`: making them takes longer than all the rest.
    """
    folder = make_folder()
    url = fresh_database(installation.server.url, like=installation.database)
    settings = {**installation.settings, "EMAIL_VERIFICATION": "optional", "DEBUG": "0"}
    fresh = Installation(installation.server, url, folder / "var", settings)
    (web, socket), log = (free_port(), free_port()), folder / "log"
    try:
        migrate = Unit("speedycheers-migrate.service")
        for command in (migrate.commands[0], [*migrate.commands[1], *COLLECT[2:]]):
            ran = subprocess.run(
                command, cwd=BASE, env=fresh.env | migrate.environment, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, ran.stderr
        assert fresh.manage("seed").returncode == 0
        units = [
            Unit("speedycheers-web@.service", str(web)),
            Unit("speedycheers-socket@.service", str(socket)),
            Unit("speedycheers-worker@.service", "1"),
            Unit("speedycheers-sweep@.service", "1"),
        ]
        with ExitStack() as stack, log.open("w") as output, (folder / "errors").open("w") as errors:
            for unit in units:
                (command,) = unit.commands
                environment = fresh.env | unit.environment
                process = stack.enter_context(running(command, env=environment, stdout=output, stderr=errors))
                stack.callback(end, process)
            client = Stack(None, web, fresh.data, fresh.env, log)
            wait_until(lambda: ready(client) and listening(socket), READY_S, f"ready: {log.read_text()}")
            yield fresh, client, socket, log
    finally:
        drop_database(installation.server.url, url)


def end(process: "subprocess.Popen[str]") -> None:
    """End a process in order: granian, killed, would leave its workers behind."""
    process.terminate()
    process.wait(30)


def ready(client: Stack) -> bool:
    """Whether the installation serves."""
    try:
        status, answer = client.call("GET", "/readyz", **HEADERS)
        return status == 200 and answer["status"] == "ok"
    except OSError:
        return False


def test_the_units_commands_serve_a_request(from_nothing: tuple[Installation, Stack, int, Path]) -> None:
    fresh, client, socket, log = from_nothing
    account = {"email": "ann@cheers.speedy.org", "password": "a-long-Password-77", "name": "Ann"}
    status, answer = client.call("POST", "/signup", account, **HEADERS)
    assert status == 201, answer
    status, answer = client.call("POST", "/login", {name: account[name] for name in ("email", "password")}, **HEADERS)
    assert status == 200, answer
    token = str(answer["token"])
    body = {"location": {"lat": 40.758, "lng": -73.9855}, "requestType": "pep_talk"}
    status, request = client.call("POST", "/cheerRequest", body, token, **HEADERS)
    assert (status, request["status"]) == (201, "pending")

    address = "ws://cheers.speedy.org/user/notification"
    headers = {"Authorization": f"Bearer {token}", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    link = create_connection(("127.0.0.1", socket), timeout=30)
    with sockets.connect(address, sock=link, additional_headers=headers) as connection:
        hello = json.loads(connection.recv(timeout=30))
    assert (hello["type"], hello["request"]["requestId"]) == ("hello", request["requestId"])

    with fresh.connect() as connection:
        rows = connection.execute("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")
        names = {str(row[0]) for row in rows}
    # A worker connects for each task only, so it may have no connection just now.
    assert names >= {f"speedycheers-{kind}" for kind in ("web", "socket", "sweep")}
    assert {entry["process"] for entry in lines_of(log) if "process" in entry} >= {"web", "socket", "worker"}
    assert "ann@" not in log.read_text()


def lines_of(log: Path) -> list[dict[str, Any]]:
    """The lines of all processes, each of which is one JSON object."""
    return [json.loads(line) for line in log.read_text().splitlines()]
