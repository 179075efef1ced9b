"""The staff's socket."""

import asyncio

from accounts.models import User
from accounts.permissions import VIEW_STAFF_PAGE, permitted
from accounts.second_factor import lacks_second_factor
from notifications.consumers import EventConsumer
from notifications.frames import Frame
from notifications.hub import in_thread
from ops.dashboard import live_counts

COUNTS_EVERY_S = 1.0


def _may_watch(user: User) -> bool:
    return permitted(user, VIEW_STAFF_PAGE) and not lacks_second_factor(user)


class StaffConsumer(EventConsumer):
    """`/staff/notification`: live counts, sent when they change, for staff with the right to the staff page."""

    _counting: asyncio.Task[None] | None = None

    _may_watch = False

    def recipient_of(self, user: User) -> str | None:
        return f"staff:{user.pk}" if self._may_watch else None

    def snapshot(self) -> Frame:
        return {"counts": live_counts()}

    async def connect(self) -> None:
        user = self.scope.get("user")
        self._may_watch = user is not None and await in_thread(_may_watch)(user)
        await super().connect()
        if self.recipient:
            self._counting = asyncio.create_task(self._count())

    async def disconnect(self, code: int) -> None:
        if self._counting is not None:
            self._counting.cancel()
        await super().disconnect(code)

    async def _count(self) -> None:
        last: Frame | None = None
        while True:
            counts = await in_thread(live_counts)()
            if counts != last:
                last = counts
                await self.answer({"type": "counts", "counts": counts})
            await asyncio.sleep(COUNTS_EVERY_S)
