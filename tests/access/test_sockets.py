"""Every socket, and every command on it, is for whom the table names (sockets.txt) and nobody else."""

import json
from typing import Any

import pytest
from channels.routing import URLRouter

from speedycheers.routing import no_such_socket, websocket_application
from tests import cast
from tests.access.addresses import plain
from tests.access.people import KNOCKING, City, make_city
from tests.access.tables import assert_cells, assert_listed
from tests.fuzz.lines import Line, Lines

ALWAYS = ("ack", "ping")  # commands of every socket
CONNECT = "connect"
REFUSALS = {"permission_denied": "403", "not_found": "404"}


def consumers() -> dict[str, Any]:
    """The consumers by their addresses. `no_such_socket` turns everybody away from all others."""
    inner: Any = websocket_application
    while not isinstance(inner, URLRouter):
        inner = inner.app
    found = {plain(str(route.pattern)): route.callback for route in inner.routes}
    return {route: view.consumer_class for route, view in found.items() if view is not no_such_socket}


def every_command() -> list[str]:
    """The lines that sockets.txt must have: `/address command`, and `connect` for the handshake."""
    return [
        f"{route} {command}"
        for route, consumer in consumers().items()
        for command in (CONNECT, *ALWAYS, *consumer.commands)
    ]


class Sockets:
    """Opens one socket for each account and address, and tries commands on it."""

    def __init__(self, lines: Lines, city: City) -> None:
        self.lines, self.city = lines, city
        self.opened: dict[tuple[str, str], tuple[Line, str]] = {}
        offer = str(cast.open_offer(city.world.request).pk)
        self.bodies: dict[str, dict[str, Any]] = {
            "ack": {"seq": 0},
            "location": {"location": cast.at(cast.EMPIRE_STATE)},
            "accept": {"offerId": offer},
            "decline": {"offerId": offer, "reason": ""},
            "status": {"status": "offline"},
        }

    def line(self, who: str, route: str) -> tuple[Line, str]:
        """Open a socket; returns it with the result of the handshake: `in`, or the code that closed it."""
        if (who, route) not in self.opened:
            badge = self.city.badge(who)
            headers = [(b"authorization", f"Bearer {badge.token}".encode())] if badge else []
            line = Line(self.lines.runner, route, headers)
            self.lines.opened.append(line)
            first = line.open()
            self.opened[who, route] = line, "in" if first["type"] == "hello" else str(first["code"])
        return self.opened[who, route]

    def attempt(self, who: str, thing: str) -> str:
        """The result of a command: `in`, also if it comes too late, or the refusal."""
        route, command = thing.split()
        line, word = self.line(who, route)
        if command == CONNECT or word != "in":
            return word
        if command == "ping":
            return "in" if line.until_pong() == [] else "talked over"
        line.send(json.dumps({"type": command, "id": "c", **self.bodies.get(command, {})}))
        answers = [frame for frame in line.until_pong() if frame.get("id") == "c"]
        codes = [error["code"] for frame in answers for error in frame.get("errors", ())]
        return REFUSALS.get(codes[0], "in") if codes else "in"


@pytest.fixture
def sockets(lines: Lines) -> Sockets:
    return Sockets(lines, make_city(lines.world))


def test_sockets_are_for_whom_the_table_names(sockets: Sockets) -> None:
    """In one test, because a city that all threads see takes longest: others first, so that their call is refused."""
    assert_listed("sockets", every_command(), sockets.attempt)
    for who in sorted(KNOCKING, key=lambda who: who == "partner"):
        assert_cells("sockets", who, sockets.attempt)
