"""Lower bounds of our latencies, in seconds: a round trip to Valkey, a commit, a pushed frame."""

import asyncio
import time
from contextlib import suppress
from statistics import median
from typing import Any

from django.db import connection, transaction

from core import valkey

ROUNDS = 200
LOST_AFTER_S = 1.0


def valkey_round_trip_s() -> float:
    """The median time of a PING."""
    client = valkey.client()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        client.ping()
        times.append(time.perf_counter() - start)
    return median(times)


def commit_s() -> float:
    """The median time of a transaction that inserts one small row."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_floor (id integer)")
    times = []
    try:
        for n in range(ROUNDS):
            start = time.perf_counter()
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("INSERT INTO bench_floor VALUES (%s)", [n])
            times.append(time.perf_counter() - start)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_floor")
    return median(times)


async def publish_to_frame_s(socket: Any, recipient: str) -> float:
    """The median time from a PUBLISH to the frame at that recipient's open socket."""
    client = valkey.client()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await asyncio.to_thread(client.publish, "push", f'{recipient} 0\n{{"type":"bench"}}')
        with suppress(TimeoutError):  # a published frame is a hint, and may be lost
            async with asyncio.timeout(LOST_AFTER_S):
                await socket.recv()
            times.append(time.perf_counter() - start)
    return median(times)
