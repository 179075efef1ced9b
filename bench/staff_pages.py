"""Open staff pages beside a program that is measured: sockets that read what is published to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import websockets

from bench.program import Program


class Pages:
    """The bytes that all pages have been sent."""

    received = 0


@asynccontextmanager
async def open_pages(program: Program, tokens: list[str]) -> AsyncIterator[Pages]:
    """Keep a staff page open for each token."""
    address, pages = program.ws_url + "/staff/notification", Pages()
    sockets = [
        await websockets.connect(address, additional_headers={"Authorization": f"Bearer {token}"}, max_size=None)
        for token in tokens
    ]

    async def read(socket: websockets.ClientConnection) -> None:
        async for message in socket:
            pages.received += len(message)
        raise SystemExit(f"A staff page was closed: {socket.close_code} {socket.close_reason}")

    reading = [asyncio.create_task(read(socket)) for socket in sockets]
    try:
        yield pages
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*(socket.close() for socket in sockets))
