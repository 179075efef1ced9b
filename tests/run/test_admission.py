"""The queue of handshakes: by itself, and in a server."""

import socket
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from core.come_again import reason
from runner import admission
from runner.admission import Admission
from testbed.processes import wait_until
from tests.run.echo import Echo
from tests.run.echo_server import WAIT_S


class Visitor:
    """A socket that notes how it was treated."""

    def __init__(self, host: str = "home") -> None:
        self.host = host
        self.let = False
        self.away_s: float | None = None

    def let_in(self) -> None:
        self.let = True

    def turn_away(self, after_s: float) -> None:
        self.away_s = after_s


class Clock:
    """The monotonic clock of the queue, which stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(admission, "time", clock)
    return clock


@pytest.mark.parametrize(("after_s", "said"), [(0.0, "restarting"), (0.9, "restarting"), (1.2, "Retry-After: 2")])
def test_sockets_of_a_server_that_ends_come_again_as_others_can_admit_them(after_s: float, said: str) -> None:
    assert admission.farewell(after_s) == said


def queue(*, at_once: int = 1, places: int = 2) -> Admission:
    """A queue with so many places to wait."""
    queue = Admission(at_once, wait_s=places * admission.ADMISSION_S + 1e-6)
    assert queue.places == places
    return queue


def arrive(queue: Admission, *hosts: str) -> list[Visitor]:
    """Visitors from these addresses, in this order."""
    visitors = [Visitor(host) for host in hosts]
    for visitor in visitors:
        queue.arrive(visitor)
    return visitors


def test_a_few_are_let_in_and_the_next_ones_in_turn(clock: Clock) -> None:
    door = queue(at_once=2)
    visitors = arrive(door, "a", "a", "a", "a")
    assert [visitor.let for visitor in visitors] == [True, True, False, False]
    door.left(visitors[1])
    door.left(visitors[1])
    assert [visitor.let for visitor in visitors] == [True, True, True, False]


def test_one_that_a_standstill_held_up_does_not_close_the_door(clock: Clock) -> None:
    """A database away for a minute holds up the few under way; the queue is as long as before once it is back."""
    door = Admission(at_once=4, wait_s=5.0)
    held_up = arrive(door, "a", "b", "c", "d")
    clock.now += 60.0
    for visitor in held_up:
        door.left(visitor)
    assert door.places > 80


def test_nothing_is_done_for_those_who_are_gone_before_their_turn(clock: Clock) -> None:
    door = queue()
    first, second, third = arrive(door, "a", "a", "a")
    door.left(second)
    door.left(first)
    assert (second.let, third.let, door.count) == (False, True, 0)


def test_more_than_can_be_admitted_in_time_are_told_to_come_one_after_the_other(clock: Clock) -> None:
    door = queue()
    visitors = arrive(door, *["a"] * 6)
    waits = [visitor.away_s for visitor in visitors]
    assert waits[:3] == [None, None, None]
    each_s = admission.ADMISSION_S
    assert waits[3:] == [pytest.approx(door.wait_s + number * each_s) for number in (1, 2, 3)]


def test_how_many_may_wait_follows_how_long_one_takes(clock: Clock) -> None:
    door = queue(places=100)
    for _ in range(300):
        (visitor,) = arrive(door, "a")
        clock.now += 10 * admission.ADMISSION_S
        door.left(visitor)
    assert door.places == 10


def test_those_that_are_let_in_together_are_not_counted_as_if_one_came_after_the_other(clock: Clock) -> None:
    """A busy server takes long for each, and yet admits as many: a crowd told to come later would come for nothing."""
    door = queue(at_once=4, places=100)
    inside = arrive(door, "a", "b", "c", "d")
    for _ in range(300):
        clock.now += admission.ADMISSION_S
        door.left(inside.pop(0))
        inside += arrive(door, "a")
    assert door.places == 100


def test_nobody_is_sent_away_for_longer_than_a_minute(clock: Clock) -> None:
    door = queue()
    visitors = arrive(door, *["a"] * 10_000)
    assert max(visitor.away_s or 0 for visitor in visitors) <= admission.COME_AGAIN_MAX_S


def test_a_crowd_from_one_address_does_not_keep_others_out(clock: Clock) -> None:
    door = queue(places=4)
    crowd = arrive(door, *["crowd"] * 5)
    alone, another = arrive(door, "alone", "another")
    assert (alone.away_s, another.away_s) == (None, None)
    assert [visitor.away_s is not None for visitor in crowd] == [False, False, False, True, True]


def test_addresses_take_turns(clock: Clock) -> None:
    door = queue(places=4)
    inside, first, second = arrive(door, "crowd", "crowd", "crowd")
    (alone,) = arrive(door, "alone")
    door.left(inside)
    door.left(first)
    assert (alone.let, second.let) == (True, False)


def test_a_stop_lets_nobody_in(clock: Clock) -> None:
    door = queue()
    inside, waiting = arrive(door, "a", "b")
    assert door.close() == [waiting]
    door.left(inside)
    assert not waiting.let


# ---------------------------------------------------------------- in a server


@pytest.mark.e2e
def test_a_handshake_waits_as_long_as_its_client_does(echo: Echo) -> None:
    with connect(echo.ws + "late", open_timeout=20) as client:
        client.send("here")
        assert client.recv(timeout=5) == "here"


@pytest.mark.e2e
def test_sockets_beyond_those_that_can_be_admitted_hear_when_to_come_again(own_echo: Echo) -> None:
    """The application is not asked about them, nor about those who left while they waited."""

    def said(what: str) -> int:
        return own_echo.log.read_text().count(what)

    with ExitStack() as crowd:
        hanging = [crowd.enter_context(shaking(own_echo, "/never")) for _ in range(admission.AT_ONCE)]
        wait_until(lambda: said("connect /never") == len(hanging), 10, "all hang")
        gone = crowd.enter_context(shaking(own_echo, "/gone"))
        for _ in range(int(WAIT_S / admission.ADMISSION_S) - 1):
            crowd.enter_context(shaking(own_echo, "/patient"))
        with connect(own_echo.ws + "refused") as client, pytest.raises(ConnectionClosed) as closed:
            client.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, reason(WAIT_S))
        for link in (gone, *hanging):
            link.close()
        wait_until(lambda: said("connect /patient") > 0, 10, "the next ones are let in")
        assert (said("connect /gone"), said("connect /refused")) == (0, 0)


def shaking(echo: Echo, path: str) -> socket.socket:
    """A connection that has asked for a socket."""
    link = socket.create_connection(("127.0.0.1", echo.port), timeout=15)
    link.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return link
