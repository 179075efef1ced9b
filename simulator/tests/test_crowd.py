"""Users made as they are needed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from simulator.accounts import Refused
from simulator.crowd import Crowd
from simulator.ledger import Ledger
from simulator.tests.fakes import NoDelay, api_of, error, no_errors, signed_in, soon
from simulator.user import User


class Someone(User):
    """A user whose socket is there once `may_come` is set, or who is refused."""

    def __init__(self, number: int, may_come: asyncio.Event, *, refused: bool = False, busy: bool = False) -> None:
        answer = error(409, "ride_in_progress") if busy else httpx.Response(200, json={})
        account = signed_in(api_of(lambda request: answer))
        super().__init__(account, ledger=Ledger(), errors=no_errors(), rng=NoDelay(), patience_s=None)
        self.number = number
        self.leftover = "q0" if busy else None

        async def run() -> None:
            await may_come.wait()
            if refused:
                raise Refused("no")
            self.feed.connected.set()
            await asyncio.Event().wait()

        self.feed.run = run  # type: ignore[method-assign]


@asynccontextmanager
async def crowd_of(**traits: set[int]) -> AsyncIterator[tuple[Crowd, asyncio.Event]]:
    """A crowd, and the event that lets its users come. `traits` name the numbers that are refused or busy."""
    may_come = asyncio.Event()
    crowd = Crowd(lambda n: Someone(n, may_come, **{trait: n in numbers for trait, numbers in traits.items()}))
    try:
        yield crowd, may_come
    finally:
        await crowd.close()


async def test_makes_one_for_each_who_is_wanted_at_once() -> None:
    async with crowd_of() as (crowd, may_come):
        may_come.set()
        users = await asyncio.gather(crowd.take(), crowd.take(), crowd.take())
        assert len(set(users)) == len(crowd.users) == 3


async def test_who_is_free_again_asks_again() -> None:
    async with crowd_of() as (crowd, may_come):
        may_come.set()
        first = await crowd.take()
        assert first is not None
        crowd.give_back(first)
        assert await crowd.take() is first
        assert len(crowd.users) == 1


async def test_slow_sign_ins_do_not_pile_up() -> None:
    async with crowd_of() as (crowd, may_come):
        waiting = [asyncio.create_task(crowd.take()) for _ in range(2)]
        await soon(lambda: len(crowd.users) == 2)
        crowd.give_back(Someone(9, may_come))  # somebody becomes free meanwhile
        await soon(lambda: any(task.done() for task in waiting))
        another = asyncio.create_task(crowd.take())
        await asyncio.sleep(0.01)
        assert len(crowd.users) == 2
        may_come.set()
        await asyncio.gather(another, *waiting)


async def test_who_is_refused_costs_one_request() -> None:
    async with crowd_of(refused={1}) as (crowd, may_come):
        may_come.set()
        assert await crowd.take() is None
        assert await crowd.take() is crowd.users[1]


async def test_who_is_still_being_cheered_is_replaced() -> None:
    async with crowd_of(busy={1}) as (crowd, may_come):
        may_come.set()
        assert await crowd.take() is crowd.users[1]
