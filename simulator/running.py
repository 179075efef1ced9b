"""Running a simulation in a process: signals, an end within two seconds, and the pieces that both commands share."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from simulator.accounts import Account, Keyring, Refused, password_of
from simulator.client import Api
from simulator.partner import Partner

log = logging.getLogger(__name__)

SIGN_OFF_S = 0.6  # when somebody waits for our end
RESTART_S = 10.0


def run(main: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    """Run `main` with an event that SIGTERM and SIGINT set; answers its exit code."""

    async def with_signals() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        return await main(stop)

    return asyncio.run(with_signals())


async def first_of(stop: asyncio.Event, work: "asyncio.Task[None]") -> None:
    """Wait for the work's end or for `stop`, which cancels the work. The work's own failure is raised."""
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([stopped, work], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
        if not work.done():
            work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def until_ready(api: Api) -> None:
    """Wait until the server says that all of it is there."""
    await api.call("GET", "/readyz")  # which waits out the 503


async def keep_running(bot: Partner) -> None:
    """Run a bot whatever happens to it; only a refusal ends it for good."""
    refused = False
    while not refused:
        try:
            await bot.run()
        except* Refused as refusals:
            log.warning("partner %d stays away: %s", bot.number, refusals.exceptions[0])
            refused = True
        except* Exception:
            log.exception("partner %d has stumbled and starts again", bot.number)
            await asyncio.sleep(RESTART_S)


async def sign_off_all(bots: Sequence[Partner], within_s: float = SIGN_OFF_S) -> None:
    """Let the bots go offline, as far as that is possible in this time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await asyncio.gather(*(bot.sign_off() for bot in bots), return_exceptions=True)


def bot_account(api: Api, keyring: Keyring, *, kind: str, number: int, secret: str, name: str = "") -> Account:
    """The account of a bot. Its address is one that only bots have: never one of the demo accounts."""
    email = f"{kind}-{number:04}@bots.test"
    return Account(
        api, keyring, email=email, name=name or f"{kind.capitalize()} {number}", password=password_of(email, secret)
    )


def rng_of(seed: int | None, *what: object) -> Random:
    """The random numbers of one thing: its own, and the same for the same seed."""
    return Random() if seed is None else Random(f"{seed} {what}")
