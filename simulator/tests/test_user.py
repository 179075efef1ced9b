"""A user who asks and follows, against a server that is made up."""

import asyncio
from typing import Any

import httpx
import pytest

from simulator import user as users
from simulator.ledger import Ledger
from simulator.movement import Place
from simulator.tests.fakes import NoDelay, api_of, error, no_errors, signed_in, soon
from simulator.user import User

PLACE = Place(40.75, -73.98)
REQUEST = {"requestId": "q1", "status": "pending", "attempts": 0, "reason": None}


class Server:
    """Takes every request; answers `GET` with `state`."""

    def __init__(
        self,
        state: dict[str, Any] | None = None,
        refuse: httpx.Response | None = None,
        refuse_cancel: httpx.Response | None = None,
    ) -> None:
        self.state, self.refuse, self.refuse_cancel = state or REQUEST, refuse, refuse_cancel
        self.calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path}")
        if request.method == "POST" and request.url.path == "/cheerRequest":
            return self.refuse or httpx.Response(201, json=REQUEST)
        if request.url.path.endswith("/cancel") and self.refuse_cancel:
            return self.refuse_cancel
        return httpx.Response(200, json=self.state)


def user_of(server: Server, patience_s: float | None = None) -> User:
    return User(signed_in(api_of(server)), ledger=Ledger(), errors=no_errors(), rng=NoDelay(), patience_s=patience_s)


def told(user: User, status: str, attempts: int = 1, reason: str | None = None) -> None:
    request = {**REQUEST, "status": status, "attempts": attempts, "reason": reason}
    user.on_frame({"type": "request.updated", "seq": 1, "requestId": "q1", "request": request})


async def test_follows_a_request_to_its_end() -> None:
    user = user_of(Server())
    told(user, "offered")  # the event may be quicker than the answer
    story = await user.ask(PLACE)
    assert story is not None
    following = asyncio.create_task(user.follow(story))
    told(user, "accepted")
    user.on_frame({"type": "ride.updated", "seq": 3, "ride": {"requestId": "q1", "status": "in_progress"}})
    told(user, "completed")
    await asyncio.wait_for(following, 1)
    assert story.at_once
    assert story.arrived_at is not None
    assert story.status == "completed"


async def test_a_refusal_is_counted_by_its_code() -> None:
    user = user_of(Server(refuse=error(409, "region_not_served")))
    assert await user.ask(PLACE) is None
    assert user.ledger.refused == {"region_not_served": 1}
    assert user.ledger.stories == {}


async def test_gives_up_after_its_patience() -> None:
    server = Server()
    user = user_of(server, patience_s=0.05)
    story = await user.ask(PLACE)
    assert story is not None
    following = asyncio.create_task(user.follow(story))
    await soon(lambda: "POST /cheerRequest/q1/cancel" in server.calls)
    told(user, "cancelled")
    await asyncio.wait_for(following, 1)
    assert story.given_up


async def test_an_end_that_no_event_told_is_found_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "ASK_AGAIN_EVERY_S", 0.05)
    monkeypatch.setattr(users, "EVENT_WITHIN_S", 0.05)
    user = user_of(Server(state={**REQUEST, "status": "no_match", "reason": "nobody_accepted"}))
    story = await user.ask(PLACE)
    assert story is not None
    await asyncio.wait_for(user.follow(story), 2)
    assert (story.status, story.reason, user.ledger.polled) == ("no_match", "nobody_accepted", 1)


@pytest.mark.parametrize(("held", "agrees"), [("cancelled", True), ("completed", False)])
async def test_compares_what_it_was_told_with_what_is_held(held: str, agrees: bool) -> None:
    user = user_of(Server(state={**REQUEST, "status": held}))
    story = await user.ask(PLACE)
    assert story is not None
    told(user, "cancelled")
    assert await user.agrees(story) == agrees


@pytest.mark.parametrize(("request_", "cancels"), [(None, False), (REQUEST, True)])
async def test_what_an_earlier_run_left_open_is_called_off(request_: dict[str, Any] | None, cancels: bool) -> None:
    server = Server()
    user = user_of(server)
    user.on_frame({"type": "hello", "seq": 0, "resumed": False, "request": request_, "ride": None})
    assert await user.clear()
    assert await user.clear()
    assert server.calls == (["POST /cheerRequest/q1/cancel"] if cancels else [])


async def test_its_own_request_is_no_leftover_after_a_reconnection() -> None:
    user = user_of(Server())
    await user.ask(PLACE)
    user.on_frame({"type": "hello", "seq": 5, "resumed": True, "request": REQUEST, "ride": None})
    assert user.leftover is None


async def test_who_is_still_being_cheered_can_not_ask() -> None:
    user = user_of(Server(refuse_cancel=error(409, "ride_in_progress")))
    user.on_frame({"type": "hello", "seq": 0, "resumed": False, "request": REQUEST, "ride": {}})
    assert not await user.clear()


async def test_a_request_that_a_failover_has_lost_is_gone_for_its_user_too() -> None:
    held = [REQUEST]

    def server(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(201, json=REQUEST)
        return httpx.Response(200, json=held[0]) if held else error(404, "not_found")

    user = User(signed_in(api_of(server)), ledger=Ledger(), errors=no_errors(), rng=NoDelay(), patience_s=None)
    story = await user.ask(PLACE)
    assert story is not None
    following = asyncio.create_task(user.follow(story))
    hello = {"type": "hello", "seq": 1, "resumed": False, "request": REQUEST, "ride": None}
    user.on_frame(hello)  # it is still there
    await soon(lambda: not user.unsure)
    held.clear()
    user.on_frame({**hello, "request": None})
    await asyncio.wait_for(following, 5)
    assert (story.final, story.lost) == (True, True)
    assert await user.agrees(story)


async def test_a_request_that_a_failover_has_set_back_is_followed_again_by_its_events() -> None:
    user = user_of(Server())
    story = await user.ask(PLACE)
    assert story is not None
    told(user, "completed")
    user.on_frame({"type": "hello", "seq": 1, "resumed": False, "request": {**REQUEST, "status": "accepted"}})
    assert not story.final
