"""The users of a replay: made as they are needed, and asking again once they are free."""

import asyncio
import logging
from collections.abc import Callable

from simulator.user import User

log = logging.getLogger(__name__)


class Crowd:
    """Whoever is ready first asks next. `make` gives the user of a number, counted from 1."""

    def __init__(self, make: Callable[[int], User]) -> None:
        self.users: list[User] = []
        self._make = make
        self._ready: asyncio.Queue[User | None] = asyncio.Queue()
        self._wanted = 0  # calls of `take` that wait
        self._coming = 0  # users that sign in
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self) -> User | None:
        """A user who can ask; None where one that was to come has been refused.

        One more is made only if those who are free and those who are coming are too few: on a busy server signing
        in takes long, and a request that somebody else is free for must not wait for it.
        """
        self._wanted += 1
        try:
            if self._wanted > self._ready.qsize() + self._coming:
                self._invite()
            return await self._ready.get()
        finally:
            self._wanted -= 1

    def give_back(self, user: User) -> None:
        """The user is free again."""
        self._ready.put_nowait(user)

    async def close(self) -> None:
        """Let all of them go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _invite(self) -> None:
        self._coming += 1
        user = self._make(len(self.users) + 1)
        self.users.append(user)
        feed = asyncio.create_task(user.feed.run())
        self._tasks |= {feed, asyncio.create_task(self._bring(user, feed))}

    async def _bring(self, user: User, feed: "asyncio.Task[None]") -> None:
        connected = asyncio.create_task(user.feed.connected.wait())
        await asyncio.wait([connected, feed], return_when=asyncio.FIRST_COMPLETED)
        connected.cancel()
        if feed.done():
            self._coming -= 1
            log.warning("a user stays away: %s", feed.exception())
            self._ready.put_nowait(None)
            return
        free = await user.clear()
        self._coming -= 1
        if free:
            self._ready.put_nowait(user)
        elif self._wanted > self._ready.qsize() + self._coming:
            self._invite()
