"""How the server ends."""

import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from runner import protocols, server
from runner.admission import Admission
from testbed.processes import running, wait_until
from tests.run.echo import Echo, raw_socket

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_good_order(own_echo: Echo, number: int) -> None:
    answers: list[int] = []
    slow = threading.Thread(target=lambda: answers.append(own_echo.ask("GET", "/slow")[0]))
    with connect(own_echo.ws) as client:
        client.send("here")
        client.recv(timeout=5)
        slow.start()
        time.sleep(0.3)
        own_echo.process.send_signal(number)
        with pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert own_echo.process.wait(3) == 0
    slow.join(5)
    assert answers == [200]
    assert "disconnect" in own_echo.log.read_text()


class Held(protocols.Socket):
    """An open socket that notes with which reason it is closed."""

    def __init__(self) -> None:
        self.said = ""

    def close_with(self, code: int, reason: str = "") -> None:
        assert code == protocols.SERVICE_RESTART
        self.said = reason


def test_a_crowd_is_told_to_come_again_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.Server, "leave", lambda self, deadline: None)
    ending = server.Server.__new__(server.Server)
    ending.stopping, ending.listeners, ending.admission = False, [], Admission()
    a_second = round(ending.admission.rate)
    held = [Held() for _ in range(3 * a_second)]
    ending.connections = dict.fromkeys(held)
    ending.shut_down()
    said = [one.said for one in held]
    assert said[:a_second] == ["restarting"] * a_second
    assert (said[a_second], said[-1]) == ("Retry-After: 1", "Retry-After: 3")


def test_it_ends_although_peers_and_requests_hang(own_echo: Echo) -> None:
    with raw_socket(own_echo), socket.create_connection(("127.0.0.1", own_echo.port)) as stream:
        stream.sendall(b"GET /stream?1000,0.1 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.5)
        own_echo.process.send_signal(signal.SIGTERM)
        assert own_echo.process.wait(4) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_busy_loop_loses_no_signal(own_echo: Echo, number: int) -> None:
    """The pipe that wakes the loop is full, so nothing more can be told to it that way."""
    with connect(own_echo.ws) as client:
        client.send("busy")
        wait_until(lambda: "the pipe is full" in own_echo.log.read_text(), 10, "the loop cannot be woken")
        own_echo.process.send_signal(number)
        assert own_echo.process.wait(10) == 0


def test_a_taken_port_is_an_error(echo: Echo) -> None:
    command = [sys.executable, "-m", "tests.run.echo_server", str(echo.port)]
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert process.wait(20) == 1
