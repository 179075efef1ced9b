"""The messages that an application has not received yet: in an eighth of what an `asyncio.Queue` takes."""

import asyncio
from typing import Any

Message = dict[str, Any]


class Inbox:
    """A queue without a bound for one reader. A connection rarely has a message waiting; an empty inbox is 0.1 kB."""

    __slots__ = ("_messages", "_reader")

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._reader: asyncio.Future[None] | None = None

    def qsize(self) -> int:
        """How many messages wait."""
        return len(self._messages)

    def put_nowait(self, message: Message) -> None:
        """Add a message, and wake the reader."""
        self._messages.append(message)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> Message:
        """Take the oldest message, once there is one. Raises `RuntimeError` for a second reader."""
        if self._reader is not None:
            raise RuntimeError("another task waits for this connection's messages")
        while not self._messages:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._messages.pop(0)
