"""A phone's socket: numbering, resuming, coming back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from websockets.asyncio.server import ServerConnection

from simulator import feed as feeds
from simulator.feed import Feed, digest
from simulator.tests.fakes import NoDelay, api_of, event, hello, no_errors, signed_in, socket_server, soon


@asynccontextmanager
async def followed(server: str) -> AsyncIterator[tuple[Feed, list[dict[str, Any]]]]:
    """A feed that runs, and the frames it has given."""

    def log_in(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"token": "fresh"})

    frames: list[dict[str, Any]] = []
    account = signed_in(api_of(log_in, server))
    feed = Feed(account, "/partner/notification", on_frame=frames.append, errors=no_errors(), rng=NoDelay())
    task = asyncio.create_task(feed.run())
    try:
        yield feed, frames
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


async def test_gives_each_event_once_and_acknowledges_it() -> None:
    acks: list[Any] = []

    async def talk(connection: ServerConnection) -> None:
        for text in (hello(4), event(5), event(5), event(6)):
            await connection.send(text)
        acks.extend([json.loads(await connection.recv()) for _ in range(3)])
        await stay(connection)

    async with socket_server(talk) as (server, connections), followed(server) as (feed, frames):
        await soon(lambda: len(acks) == 3)
        assert [frame["seq"] for frame in frames] == [4, 5, 6]
        assert acks[-1] == {"type": "ack", "seq": 6}
        assert (feed.numbering.missing, feed.numbering.repeated) == (0, 1)
        assert feed.since == 4
        assert feed.heard == {seq: digest(json.loads(event(seq))) for seq in (5, 6)}
        request = connections[0].request
        assert request is not None
        assert request.headers["Authorization"] == "Bearer good"


async def test_comes_back_with_the_last_number() -> None:
    async def first(connection: ServerConnection) -> None:
        await connection.send(hello(0))
        await connection.send(event(1))
        await connection.recv()
        await connection.close(1012)

    async def second(connection: ServerConnection) -> None:
        for text in (hello(3, resumed=True), event(2), event(3)):
            await connection.send(text)
        await stay(connection)

    async with socket_server(first, second) as (server, connections), followed(server) as (feed, frames):
        await soon(lambda: feed.numbering.last == 3)
        assert [frame["type"] for frame in frames] == ["hello", "thing", "hello", "thing", "thing"]
        request = connections[1].request
        assert request is not None
        assert "after=1" in request.path
        assert feed.numbering.missing == 0
        assert feed.reconnections == 1


async def test_a_token_that_has_lapsed_is_replaced() -> None:
    async def refuse(connection: ServerConnection) -> None:
        await connection.close(4401)

    async def welcome(connection: ServerConnection) -> None:
        await connection.send(hello(0))
        await stay(connection)

    async with socket_server(refuse, welcome) as (server, connections), followed(server) as (feed, _):
        await soon(feed.connected.is_set)
        request = connections[1].request
        assert request is not None
        assert request.headers["Authorization"] == "Bearer fresh"


async def test_who_is_replaced_again_and_again_does_not_fight(monkeypatch: pytest.MonkeyPatch) -> None:
    async def replace(connection: ServerConnection) -> None:
        await connection.send(hello(0))
        await connection.close(4409)

    monkeypatch.setattr(feeds, "REST_S", 0.3)
    async with socket_server(replace) as (server, connections), followed(server) as (feed, _):
        await soon(lambda: feed.reconnections == 2)
        await asyncio.sleep(0.1)
        assert len(connections) == 2
        await soon(lambda: len(connections) == 3)


async def test_what_the_server_never_sent_is_found_at_the_end() -> None:
    async def talk(connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        await connection.send(hello(9 if "roll-call" in request.path else 7))
        await stay(connection)

    async with socket_server(talk) as (server, _), followed(server) as (feed, _frames):
        await soon(feed.connected.is_set)
        assert await feed.undelivered() == 2
        assert feed.upto == 9


async def test_what_is_on_its_way_at_the_end_is_waited_for() -> None:
    asked = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        if "roll-call" in request.path:
            await connection.send(hello(8))
            asked.set()
        else:
            await connection.send(hello(7))
            await asked.wait()
            await connection.send(json.dumps({"type": "x", "seq": 8}))
        await stay(connection)

    async with socket_server(talk) as (server, _), followed(server) as (feed, _frames):
        await soon(feed.connected.is_set)
        assert await feed.undelivered(within_s=20) == 0


async def test_nothing_is_sent_without_a_connection() -> None:
    account = signed_in(api_of(lambda request: httpx.Response(200), "http://127.0.0.1:9"))
    feed = Feed(account, "/x", on_frame=lambda frame: None, errors=no_errors(), rng=NoDelay())
    assert not await feed.send({"type": "ping"})
    assert await feed.undelivered() is None
    assert feed.errors.total() == feeds.ROLL_CALL_TRIES


async def test_comes_back_when_a_crowded_server_asks_it_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    wait_of = feeds.asked_wait_s

    def noted(reason: str, rng: Any) -> float | None:
        asked.append(reason)
        return None if wait_of(reason, rng) is None else 0.0

    async def crowded(connection: ServerConnection) -> None:
        await connection.close(1013, "Retry-After: 40")

    async def free(connection: ServerConnection) -> None:
        await connection.send(hello(0))
        await stay(connection)

    monkeypatch.setattr(feeds, "asked_wait_s", noted)
    async with socket_server(crowded, free) as (server, _), followed(server) as (feed, _frames):
        await asyncio.wait_for(feed.connected.wait(), 10)
        assert asked == ["Retry-After: 40"]


async def test_after_a_failover_the_state_stands_in_for_what_was_lost() -> None:
    async def first(connection: ServerConnection) -> None:
        for text in (hello(4, epoch="a"), event(5, epoch="a"), event(6, epoch="a")):
            await connection.send(text)
        await connection.recv()
        await connection.close(1012)

    async def second(connection: ServerConnection) -> None:
        for text in (hello(5, epoch="b"), event(6, epoch="b", said="anew")):
            await connection.send(text)
        await stay(connection)

    async with socket_server(first, second) as (server, _), followed(server) as (feed, frames):
        await soon(lambda: len(frames) == 5)
        assert (feed.since, feed.state_at, feed.restarts, feed.numbering.missing) == (4, 5, 1, 0)
        assert feed.heard[6] == digest(json.loads(event(6, epoch="b", said="anew")))


async def test_a_state_behind_what_was_heard_begins_anew_though_nothing_is_written_since() -> None:
    async def only(connection: ServerConnection) -> None:
        for text in (hello(4, epoch="a"), event(5, epoch="a"), hello(4, epoch="a"), event(5, epoch="b", said="anew")):
            await connection.send(text)
        await stay(connection)

    async with socket_server(only) as (server, _), followed(server) as (feed, frames):
        await soon(lambda: len(frames) == 4)
        assert (feed.state_at, feed.restarts, feed.numbering.missing, feed.numbering.repeated) == (4, 1, 0, 0)
