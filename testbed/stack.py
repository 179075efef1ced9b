"""The whole program, started as a user starts it, for end-to-end tests."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from testbed.environment import IGNORED, SERVER_URL, SESSION, make_folder
from testbed.migrated import copy_file, kept, template
from testbed.postgres import drop_database, fresh_database
from testbed.processes import BASE, free_port, processes_with, wait_until

START_S = 180  # on a machine that is busy with other work, a start takes ten times as long
STOP_S = 5
MARK = "SPEEDYCHEERS_TEST_RUN"
# Short times, so that tests can wait for them, and high limits, because one address makes all calls.
DEFAULTS = {
    "DEBUG": "1",
    "BOTS": "0",
    "OFFER_TTL_S": "5",
    "REQUEST_PATIENCE_S": "60",
    "THROTTLE_ACCOUNT": "100000/min",
    "THROTTLE_ADDRESS": "100000/min",
    "THROTTLE_LOGIN_ADDRESS": "10000/min",
    "THROTTLE_REQUEST": "100000/min",
    "THROTTLE_POSITION": "100000/min",
    "THROTTLE_SOCKET": "100000/min",
    "OUTWARD_PRIVATE": "127.0.0.1",
    "NO_PROXY": "127.0.0.1",
}


@dataclass
class Stack:
    """One running program."""

    process: "subprocess.Popen[str]"
    port: int
    data: Path
    env: dict[str, str]
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def manage(self, *arguments: str) -> str:
        """Run `manage.py` with these arguments in the program's environment and return its output."""
        return manage(self.env, *arguments)

    def processes(self) -> dict[int, str]:
        """Every process of this run, by id."""
        return processes_with(f"{MARK}={self.env[MARK]}", str(self.data))

    def process_of(self, part: str) -> int:
        """The id of the process whose command line contains `part`, or 0 if none runs."""
        return next((pid for pid, command in self.processes().items() if part in command), 0)

    def call(self, method: str, path: str, body: Any = None, token: str = "", **headers: str) -> tuple[int, Any]:
        """Make a JSON call. Returns the status and the decoded answer (None if it is empty)."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(  # noqa: S310 - our own server
            self.url + path, data, {"Content-Type": "application/json", **headers}, method=method
        )
        try:
            with urlopen(request, timeout=15) as answer:  # noqa: S310
                status, content = answer.status, answer.read()
        except HTTPError as error:
            with error:
                status, content = error.code, error.read()
        return status, json.loads(content) if content else None

    def token(self, email: str, password: str = "cheers-demo") -> str:
        """A token for a demo account."""
        status, answer = self.call("POST", "/login", {"email": email, "password": password})
        assert status == 200, answer
        return str(answer["token"])

    def logs(self) -> str:
        """The end of each of the program's logs, for the message of a failing test."""
        files = [self.output, *sorted((self.data / "log").glob("*.log"))]
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-4000:]}" for file in files)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the program and wait until all of its processes have ended. Returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(STOP_S)
        wait_until(lambda: not self.processes(), STOP_S, f"nothing is left of {self.processes()}")
        return code


def manage(env: dict[str, str], *arguments: str) -> str:
    """Run `manage.py` with these arguments in an environment and return its output."""
    command = [sys.executable, str(BASE / "manage.py"), *arguments]
    result = subprocess.run(command, cwd=BASE, env=env, capture_output=True, text=True, timeout=START_S, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def environment(data: Path, port: int, **settings: str) -> dict[str, str]:
    """The environment of a separate program, independent of the one that this session's tests use."""
    env = {name: value for name, value in os.environ.items() if name not in IGNORED}
    env |= DEFAULTS | {"PORT": str(port), "SPEEDYCHEERS_DATA": str(data), MARK: uuid.uuid4().hex} | settings
    if env["DEBUG"] == "1":  # the name by which the tests call it; by its own, pages would be led to localhost
        env.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    return env


def start(
    env: dict[str, str], *, prefix: tuple[str, ...] = (), arguments: tuple[str, ...] = (), ready: bool = True
) -> Stack:
    """Start the program in this environment, behind the command `prefix`, and wait until it reports ready."""
    data = Path(env["SPEEDYCHEERS_DATA"])
    output = data.parent / f"{data.name}-{uuid.uuid4().hex[:6]}.txt"
    command = [*prefix, sys.executable, "-m", "speedycheers", *arguments]
    with output.open("w") as file:
        process = subprocess.Popen(
            command, cwd=BASE, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, text=True
        )
    stack = Stack(process, int(env["PORT"]), data, env, output)
    if ready:
        line = f"ready {stack.url}\n"
        try:
            wait_until(lambda: line in output.read_text() or process.poll() is not None, START_S, "ready")
            assert line in output.read_text(), f"exit code {process.poll()}"
        except AssertionError as error:
            kill(stack)
            raise AssertionError(f"{error}\n{stack.logs()}") from None
    return stack


def kill(stack: Stack) -> None:
    """Kill every process of the program, in whatever state it is."""
    for pid in stack.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if stack.process.poll() is None:
        stack.process.kill()
    stack.process.wait(10)


@contextlib.contextmanager
def running_stack(*first: str, migrated: bool = True, prefix: tuple[str, ...] = (), **settings: str) -> Iterator[Stack]:
    """Run a program with its own data, on this session's kind of database, and stop it at the end.

    Its database is empty, or a copy of the session's migrated one if there is one: see testbed/migrated.py.
    With `first`, run `manage.py` with these arguments before. `prefix` is that of `start`.
    """
    data, server, url = make_folder() / "var", os.environ.get(SERVER_URL, ""), ""
    migrated = migrated and SESSION in os.environ and kept().exists()
    if server:
        url = fresh_database(server, like=template()) if migrated else fresh_database(server)
        settings["DATABASE_URL"] = url
    elif migrated:
        data.mkdir(mode=0o700)
        copy_file(kept(), data / "speedycheers.sqlite3")
    env = environment(data, free_port(), **settings)
    if first:
        manage(env, *first)
    stack = start(env, prefix=prefix)
    try:
        yield stack
        stack.stop()
    finally:
        kill(stack)
        if url:
            drop_database(server, url)
