"""A hub ends when it is asked to."""

import asyncio

from notifications.hub import Hub


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    lost = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(True)

    hub = Hub()
    task = asyncio.create_task(stubborn())
    hub._tasks = [task]
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await hub.stop()
    assert (lost, task.cancelled()) == ([True], True)
    await hub.stop()  # there is nothing any more
