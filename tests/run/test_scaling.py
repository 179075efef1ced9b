"""The supervisor runs as many processes as the hour needs, and loses nothing when it ends some."""

import http.client
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from testbed.processes import wait_until
from testbed.stack import Stack, running_stack

pytestmark = pytest.mark.e2e

# A supervisor in miniature: three sockets fill a process, and it decides within seconds.
SMALL = """
from runner import fleet, scaling, supervisor
scaling.SMOOTH_S, scaling.DOWN_AFTER_S, supervisor.SCALE_EVERY_S = 3.0, 6.0, 1.0
scaling.SERVERS = scaling.Goals({"sockets": 3})
scaling.WORKERS = scaling.Goals({"cpu": 1e-9})
import sys
sys.argv = ["speedycheers"]
from speedycheers.__main__ import main
raise SystemExit(main())
"""
FOLLOWS_S = 120  # on a machine that is busy with other work, a start takes ten times as long
SERVER, WORKER = "speedycheers.server", "manage.py worker"
HELD = 7
PAGE = "/robots.txt"  # for which a server needs a thread


def running(stack: Stack, part: str) -> set[int]:
    """The ids of the processes of a kind."""
    return {pid for pid, command in stack.processes().items() if part in command}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with running_stack(prefix=(sys.executable, "-c", SMALL), SERVERS="1-3", WORKERS="1-2") as started:
        yield started
        assert started.stop() == 0


class Caller:
    """Asks again and again, on new connections, until told to stop."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.answers: list[object] = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.stopped.wait(0.05):
            link = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=60)
            try:
                link.request("GET", PAGE)
                self.answers.append(link.getresponse().status)
            except (OSError, http.client.HTTPException) as error:
                self.answers.append(error)
            finally:
                link.close()


@contextmanager
def calling(stack: Stack) -> Iterator[Caller]:
    """Call all the time meanwhile."""
    caller = Caller(stack)
    caller.thread.start()
    try:
        yield caller
    finally:
        caller.stopped.set()
        caller.thread.join()


class Phone:
    """A socket that comes again whenever it is closed, and notes with which codes that was."""

    def __init__(self, stack: Stack, token: str) -> None:
        self.address = f"{stack.ws_url}/user/notification"
        self.headers = {"Authorization": f"Bearer {token}"}
        self.codes: list[int | None] = []
        self.connected = threading.Event()
        self.done = threading.Event()
        self.socket: ClientConnection | None = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.done.wait(0.05):
            with (
                suppress(OSError, TimeoutError, InvalidHandshake),
                connect(self.address, additional_headers=self.headers, open_timeout=60) as self.socket,
            ):
                self.follow(self.socket)

    def follow(self, socket: ClientConnection) -> None:
        try:
            for _ in socket:
                self.connected.set()
        except ConnectionClosed as closed:
            self.codes.append(closed.rcvd.code if closed.rcvd else None)
        finally:
            self.connected.clear()

    def leave(self) -> None:
        self.done.set()
        if self.socket is not None:
            self.socket.close()
        self.thread.join()


def test_processes_come_with_the_load_and_go_with_it(stack: Stack) -> None:
    token = stack.token("user1@demo.test")
    with ExitStack() as end, calling(stack) as caller:
        phones = [Phone(stack, token) for _ in range(HELD)]
        for phone in phones:
            end.callback(phone.leave)
        wait_until(lambda: len(running(stack, SERVER)) == 3, FOLLOWS_S, f"three servers; {stack.logs()}")
        wait_until(lambda: len(running(stack, WORKER)) == 2, FOLLOWS_S, f"two workers; {stack.logs()}")
        for phone in phones[1:]:
            phone.leave()
        wait_until(lambda: len(running(stack, SERVER)) == 1, FOLLOWS_S, f"one server; {stack.logs()}")
        wait_until(phones[0].connected.is_set, FOLLOWS_S, "the socket that stays is served")
        assert set(phones[0].codes) <= {1012}
        before = len(caller.answers)
        wait_until(lambda: len(caller.answers) > before + 5, FOLLOWS_S, "calls are answered")
    assert set(caller.answers) == {200}
    said = stack.output.read_text()
    assert "web: 3 → 1 processes" in said or "web: 2 → 1 processes" in said
    assert "has ended" not in said  # nobody was killed, and nobody was missed


def test_a_call_that_comes_while_no_server_runs_waits_for_the_next(stack: Stack) -> None:
    """The listening socket is the supervisor's."""
    wait_until(lambda: len(running(stack, SERVER)) == 1, FOLLOWS_S, "one server")
    (server,) = running(stack, SERVER)
    os.kill(server, signal.SIGKILL)
    link = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=FOLLOWS_S)
    with closing(link):
        link.request("GET", PAGE)
        assert link.getresponse().status == 200
