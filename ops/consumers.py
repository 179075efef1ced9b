"""The staff's socket."""

import asyncio

from accounts.models import Role, User
from notifications.consumers import EventConsumer
from notifications.frames import Frame
from notifications.hub import in_thread
from ops.dashboard import live_counts

COUNTS_EVERY_S = 1.0


class StaffConsumer(EventConsumer):
    """`/staff/notification`: live counts, sent when they change."""

    _counting: asyncio.Task[None] | None = None

    def recipient_of(self, user: User) -> str | None:
        return f"staff:{user.pk}" if user.role == Role.STAFF else None

    def snapshot(self) -> Frame:
        return {"counts": live_counts()}

    async def connect(self) -> None:
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
