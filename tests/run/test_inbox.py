"""An application receives its connection's messages one by one, in order."""

import asyncio

import pytest

from runner.inbox import Inbox


async def test_messages_come_in_order() -> None:
    inbox = Inbox()
    for number in range(3):
        inbox.put_nowait({"number": number})
    assert inbox.qsize() == 3
    assert [(await inbox.get())["number"] for _ in range(3)] == [0, 1, 2]
    assert inbox.qsize() == 0


async def test_a_reader_waits_for_the_next_message() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    assert not reader.done()
    inbox.put_nowait({"number": 1})
    inbox.put_nowait({"number": 2})
    assert [await reader, await inbox.get()] == [{"number": 1}, {"number": 2}]


@pytest.mark.parametrize("told", [False, True], ids=["before a message", "after it"])
async def test_a_reader_that_is_cancelled_loses_nothing(told: bool) -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    if told:
        inbox.put_nowait({"number": 1})
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    if not told:
        inbox.put_nowait({"number": 1})
    assert await inbox.get() == {"number": 1}


async def test_a_second_reader_is_refused() -> None:
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError):
        await inbox.get()
    inbox.put_nowait({"number": 1})
    assert await reader == {"number": 1}
