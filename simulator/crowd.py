"""The users of a replay, created as they are needed and reused once they are free."""

import asyncio
import logging
from collections.abc import Callable

from simulator.user import User

log = logging.getLogger(__name__)


class Crowd:
    """A queue of free users, first come, first served. `make` creates the user of a number, counted from 1."""

    def __init__(self, make: Callable[[int], User]) -> None:
        self.users: list[User] = []
        self._make = make
        self._ready: asyncio.Queue[User | None] = asyncio.Queue()
        self._wanted = 0  # calls of `take` that are waiting
        self._coming = 0  # users that are signing in
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self) -> User | None:
        """Wait for a user who can make a request; None if a user that was signing in has been refused.

        A new user is created only if there are too few free users and users signing in: signing in takes long on a
        busy server, and a request should not wait for it while another user becomes free.
        """
        self._wanted += 1
        try:
            if self._wanted > self._ready.qsize() + self._coming:
                self._invite()
            return await self._ready.get()
        finally:
            self._wanted -= 1

    def give_back(self, user: User) -> None:
        """Return a user that is free again."""
        self._ready.put_nowait(user)

    async def close(self) -> None:
        """Disconnect all users."""
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
