"""The listening socket that the supervisor's servers share."""

import os
import socket

import pytest

from runner import shared_port
from runner.run_lock import Refused
from testbed.processes import free_port


def test_a_port_that_another_has_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} is in use"):
            shared_port.take("127.0.0.1", port)


def test_a_port_that_another_has_everywhere_is_refused() -> None:
    port = free_port()
    with shared_port.take("0.0.0.0", port), pytest.raises(Refused, match="in use"):  # noqa: S104
        shared_port.take("0.0.0.0", port)  # noqa: S104


def test_a_server_of_a_run_accepts_from_the_runs_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with shared_port.take("127.0.0.1", free_port()) as taken:
        fd = os.dup(taken.fileno())
        os.set_inheritable(fd, True)
        monkeypatch.setenv(shared_port.VARIABLE, str(fd))
        assert shared_port.endpoint("127.0.0.1", 8000) == f"fd:fileno={fd}"
        assert not os.get_inheritable(fd)
        assert shared_port.VARIABLE not in os.environ
        os.close(fd)


def test_a_port_that_is_not_ours_to_take_is_refused() -> None:
    with pytest.raises(Refused, match="can't be used"):
        shared_port.take("203.0.113.1", free_port())  # an address of documents, and of no machine


@pytest.mark.parametrize("value", ["", "nonsense", "-1", "99999"])
def test_another_server_listens_by_itself(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(shared_port.VARIABLE, value)
    assert shared_port.endpoint("::1", 8000) == "tcp:port=8000:interface=\\:\\:1:backlog=4096"


def test_a_descriptor_that_is_no_socket_is_not_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setenv(shared_port.VARIABLE, str(reading))
    assert shared_port.endpoint("127.0.0.1", 8000).startswith("tcp:port=8000:")
    os.close(reading)
    os.close(writing)
