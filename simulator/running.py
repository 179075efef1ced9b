"""Parts that both commands share: signal handling, an end within two seconds, accounts and random numbers."""

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

SIGN_OFF_S = 0.6  # while the supervisor or a user waits for the process to end
RESTART_S = 10.0


def run(main: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    """Run `main` with an event that SIGTERM and SIGINT set; returns its exit code."""

    async def with_signals() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        return await main(stop)

    return asyncio.run(with_signals())


async def first_of(stop: asyncio.Event, work: "asyncio.Task[None]") -> None:
    """Wait until the work ends or `stop` is set, which cancels it. Raises the work's own exception."""
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
    """Wait until the server reports that all its parts are ready."""
    await api.call("GET", "/readyz")  # `call` retries while this answers 503


async def keep_running(bot: Partner) -> None:
    """Run a bot and restart it after errors; only `Refused` ends it."""
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
    """Let the bots go offline, within at most `within_s` seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await asyncio.gather(*(bot.sign_off() for bot in bots), return_exceptions=True)


def bot_account(api: Api, keyring: Keyring, *, kind: str, number: int, secret: str, name: str = "") -> Account:
    """The account of a bot, with an address at bots.test, which no demo account has."""
    email = f"{kind}-{number:04}@bots.test"
    return Account(
        api, keyring, email=email, name=name or f"{kind.capitalize()} {number}", password=password_of(email, secret)
    )


def rng_of(seed: int | None, *what: object) -> Random:
    """A random generator for one thing, repeatable if there is a seed and independent of the others."""
    return Random() if seed is None else Random(f"{seed} {what}")
