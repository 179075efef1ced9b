"""The measurements of `bench.cheer` on the running program. Import it after the settings are loaded."""

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import psycopg
import websockets

from bench import cheer_counts, cheer_floor
from bench.accounts import make_accounts
from bench.cheer_counts import FOREIGN_KEY_CHECK, Counts
from bench.dispatch_runs import CENTRE, keyed
from bench.measuring import machine
from bench.processes import cpu_ms
from bench.program import Program

ANSWERED_WITHIN_S = 20.0
ACKNOWLEDGED_AFTER_S = 2.0  # acknowledgements are written down once a second
WARM_UP = 25  # cheers of each pair that are not counted: statements are prepared, caches filled
APART_DEG = 0.004  # pairs stand some 400 m apart in a square, so that each partner is the nearest to their user
MANY = 1e-3  # counts a cheer below this are not shown


class Side:
    """One account: its HTTP calls, and a socket that acknowledges each event and keeps the types of events."""

    def __init__(self, program: Program, token: str, path: str) -> None:
        self.program, self.path = program, path
        self.headers = {"Authorization": f"Bearer {token}"}
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def connect(self) -> None:
        """Open the socket and the connection for calls."""
        self.http = aiohttp.ClientSession(self.program.url, headers=self.headers)
        self.socket = await websockets.connect(self.program.ws_url + self.path, additional_headers=self.headers)
        await self.socket.recv()
        self.listening = asyncio.create_task(self._listen())

    async def leave(self) -> None:
        """Close both."""
        self.listening.cancel()
        await self.socket.close()
        await self.http.close()

    async def _listen(self) -> None:
        async for text in self.socket:
            frame = json.loads(text)
            if "seq" in frame:
                await self.send(type="ack", seq=frame["seq"])
            await self.events.put(frame)

    async def send(self, **frame: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps(frame))

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Make a call with a new key and return its answer."""
        async with self.http.post(path, json=body, headers=keyed()) as answer:
            if answer.status >= 400:
                raise SystemExit(f"{path}: {answer.status} {await answer.text()}")
            told: dict[str, Any] = await answer.json()
            return told

    async def event(self, type: str, status: str = "") -> dict[str, Any]:
        """Wait for an event of this type, about a ride or request of this status."""
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            while True:
                frame = await self.events.get()
                about = frame.get("ride") or frame.get("request") or {}
                if frame["type"] == type and status in ("", about.get("status")):
                    return frame


@dataclass(frozen=True)
class Pair:
    """A user and the partner next to them."""

    user: Side
    partner: Side
    place: dict[str, float]

    async def report(self) -> None:
        """Report the partner's position, at the user's place, and wait until it is known."""
        await self.partner.send(type="location", location=self.place, id=1)
        await self.partner.event("answer")

    async def open(self) -> None:
        """Connect both, and go online."""
        await self.user.connect()
        await self.partner.connect()
        await self.report()
        await self.partner.send(type="status", status="available")
        await self.partner.event("answer")

    async def step(self, path: str, ride_id: str) -> None:
        """Take a step at the user's place."""
        await self.report()
        await self.partner.post(path, rideId=ride_id)

    async def cheer(self) -> None:
        """One cheer, from the request to the end of the session."""
        await self.report()
        await self.user.post("/cheerRequest", location=self.place)
        offer = await self.partner.event("offer")
        ride = await self.partner.post("/rideAccept", offerId=offer["offerId"])
        await self.user.event("ride.updated", "en_route")
        for path in ("/rideArrive", "/rideStart", "/rideEnd"):
            await self.step(path, ride["rideId"])
        await self.user.event("ride.updated", "completed")
        await self.partner.event("ride.updated", "completed")


@dataclass(frozen=True)
class Reading:
    """The use of the program so far."""

    at: float
    cpu: dict[str, float]
    counts: Counts

    @classmethod
    def take(cls, server: "psycopg.Connection[Any]") -> "Reading":
        return cls(time.perf_counter(), cpu_ms(os.getpid()), cheer_counts.read(server))


async def rounds(pairs: list[Pair], cheers: int) -> None:
    """Give `cheers` cheers in all, with one under way for each pair."""
    shares = [cheers // len(pairs) + (n < cheers % len(pairs)) for n in range(len(pairs))]

    async def several(pair: Pair, count: int) -> None:
        for _ in range(count):
            await pair.cheer()

    await asyncio.gather(*(several(pair, count) for pair, count in zip(pairs, shares, strict=True)))


async def run(pairs: list[Pair], server: "psycopg.Connection[Any]", options: argparse.Namespace) -> list[Reading]:
    """Measure the idle program and then its cheers. Returns the readings before, between and after."""
    for pair in pairs:
        await pair.open()
    server.execute("CHECKPOINT")
    await rounds(pairs, WARM_UP * len(pairs))
    await asyncio.sleep(ACKNOWLEDGED_AFTER_S)
    readings = [Reading.take(server)]
    await asyncio.sleep(options.idle_seconds)
    readings.append(Reading.take(server))
    await rounds(pairs, options.cheers)
    await asyncio.sleep(ACKNOWLEDGED_AFTER_S)
    readings.append(Reading.take(server))
    for pair in pairs:
        await pair.user.leave()
        await pair.partner.leave()
    return readings


def report(readings: list[Reading], options: argparse.Namespace) -> dict[str, tuple[int, int]]:
    """Print the costs of a cheer. Returns the rows that one inserts and updates, by table."""
    start, idle, end = readings
    cheers, seconds = options.cheers, end.at - idle.at
    resting = seconds / (idle.at - start.at)  # idle seconds in the time of the cheers, for each second measured
    net = {
        kind: (used - idle.cpu.get(kind, 0) - (idle.cpu.get(kind, 0) - start.cpu.get(kind, 0)) * resting) / cheers
        for kind, used in end.cpu.items()
    }
    parts = ", ".join(f"{kind} {used:.1f}" for kind, used in sorted(net.items(), key=lambda one: -one[1]))
    show("CPU ms a cheer", sum(net.values()), parts)
    show("cheers a second and core", 1e3 / sum(net.values()), f"{cheers} cheers in {seconds:.1f} s")
    quiet = cheer_counts.calls_between(start.counts, idle.counts)
    busy = cheer_counts.calls_between(idle.counts, end.counts)
    kinds: dict[str, float] = defaultdict(float)
    each: dict[str, float] = {}
    bytes_each: dict[str, float] = {}
    for (kind, query), (calls, wal) in busy.items():
        rested = quiet.get((kind, query), (0, 0))
        each[query] = (calls - rested[0] * resting) / cheers
        kinds[kind] += each[query]
        bytes_each[query] = (wal - rested[1] * resting) / cheers
    inside = kinds.pop(FOREIGN_KEY_CHECK, 0.0)
    parts = ", ".join(f"{kind} {n:.1f}" for kind, n in sorted(kinds.items(), key=lambda one: -one[1]) if n > MANY)
    show("statements a cheer", sum(kinds.values()), parts)
    show("foreign key checks inside PostgreSQL", inside)
    wal = (end.counts.wal - idle.counts.wal - (idle.counts.wal - start.counts.wal) * resting) / cheers
    pages = (end.counts.full_pages - idle.counts.full_pages) / cheers
    show("write-ahead log, kB a cheer", wal / 1e3, f"{pages:.2f} full pages")
    rows = cheer_counts.rows_between(idle.counts, end.counts)
    inserted, updated, hot, deleted = (sum(counts[n] for counts in rows.values()) / cheers for n in range(4))
    show("rows a cheer", inserted + updated + deleted)
    print(f"    inserted {inserted:.1f}, updated {updated:.1f} ({hot:.1f} without an index), deleted {deleted:.1f}")
    for query, n in sorted(each.items(), key=lambda one: -one[1])[: options.top]:
        print(f"{n:8.2f}  {bytes_each[query]:7.0f} B  {' '.join(query.split())[:220]}")
    if options.top:
        for table, counts in sorted(rows.items()):
            print(f"    {table}: " + ", ".join(f"{count / cheers:.2f}" for count in counts))
    return {
        table: whole
        for table, counts in rows.items()
        if any(whole := (round(counts[0] / cheers), round(counts[1] / cheers)))
    }


def yardstick_ms() -> float:
    """The processor time of a fixed piece of Python, by which figures of other moments and machines can be compared."""
    begun = time.process_time()
    for _ in range(2_000):
        json.loads(json.dumps({str(number): [number] * 3 for number in range(20)}))
    return (time.process_time() - begun) * 1e3


def show(what: str, figure: float, note: str = "") -> None:
    """Print one row."""
    print(f"{what:40} {figure:9.2f}   {note}", flush=True)


def measure_floor(server: "psycopg.Connection[Any]", a_cheer: Mapping[str, tuple[int, int]], cheers: int) -> None:
    """Print the costs of the same rows alone."""
    before = cpu_ms(os.getpid())
    floor = cheer_floor.write(server, a_cheer, cheers)
    server_ms = (cpu_ms(os.getpid())["postgresql"] - before["postgresql"]) / cheers
    note = f"client {floor.client_ms:.1f}, postgresql {server_ms:.1f}"
    show("floor: CPU ms", floor.client_ms + server_ms, note)
    show("floor: statements", floor.statements)
    show("floor: write-ahead log, kB", floor.wal / 1e3)


def pairs_of(program: Program, count: int) -> list[Pair]:
    """Create the accounts of so many users and the partners next to them."""
    users, partners = (make_accounts(role, count) for role in ("user", "partner"))
    side = math.ceil(math.sqrt(count))
    return [
        Pair(
            Side(program, users[n][1], "/user/notification"),
            Side(program, partners[n][1], "/partner/notification"),
            {"lat": CENTRE[0] + n // side * APART_DEG, "lng": CENTRE[1] + n % side * APART_DEG},
        )
        for n in range(count)
    ]


def carry_out(program: Program, options: argparse.Namespace) -> None:
    """Create the accounts, measure, print, and audit the database."""
    pairs = pairs_of(program, options.pairs)
    print(f"\n{machine()}; {options.pairs} cheers at a time\n")
    show("yardstick: CPU ms", yardstick_ms())
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        cheer_counts.install(server)
        a_cheer = report(asyncio.run(run(pairs, server, options)), options)
        audit = subprocess.run([sys.executable, "manage.py", "audit"], check=False)
        print("audit:", "clean" if audit.returncode == 0 else "NOT CLEAN", flush=True)
        measure_floor(server, a_cheer, options.cheers)
