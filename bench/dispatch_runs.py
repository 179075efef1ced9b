"""The measurements of `bench.dispatch` on the running program. Import it after the settings are loaded."""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import aiohttp
import websockets
from django.conf import settings

from bench import floors
from bench.accounts import address_of, make_accounts, make_staff
from bench.program import Program
from bench.provider import hold_times_s, save_cards
from bench.staff_pages import open_pages
from payments.models import Customer
from regions.selectors import region_at
from simulator.figures import percentile

Run = Callable[[], Coroutine[Any, Any, tuple[list[float], int]]]  # a loaded run: its times, and how many had no offer

CENTRE = (40.7484, -73.9857)
SPREAD_DEG = 0.05
POSITION_EVERY_S = 4.0
OFFER_WITHIN_S = 10.0
PARTNER_THINKS_S = 0.05
USERS_A_RATE = 3  # users for each request that may be under way
WARM_UP = 20  # requests not counted: they fill caches


def somewhere(rng: random.Random) -> dict[str, float]:
    """Draw a served place near the centre; places across the river are not served."""
    while True:
        lat = CENTRE[0] + rng.uniform(-SPREAD_DEG, SPREAD_DEG)
        lng = CENTRE[1] + rng.uniform(-SPREAD_DEG / 2, SPREAD_DEG / 2)
        if region_at(lat, lng) is not None:
            return {"lat": lat, "lng": lng}


class Arrivals:
    """The arrival time of each request's first offer frame, as a future that may be read before or after it."""

    def __init__(self) -> None:
        self._at: dict[str, asyncio.Future[float]] = {}

    def of(self, request_id: str) -> "asyncio.Future[float]":
        return self._at.setdefault(request_id, asyncio.get_running_loop().create_future())

    def note(self, request_id: str, at: float) -> None:
        future = self.of(request_id)
        if not future.done():
            future.set_result(at)


class Partner:
    """A connected partner who stays available and declines offers (`answers`) or leaves them to be rescinded."""

    def __init__(self, program: Program, token: str, arrivals: Arrivals, *, answers: bool) -> None:
        self.program, self.token, self.arrivals, self.answers = program, token, arrivals, answers
        self.socket: Any = None
        self.rescinded = asyncio.Event()

    async def connect(self, place: dict[str, float]) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        self.socket = await websockets.connect(
            self.program.ws_url + "/partner/notification", additional_headers=headers, max_queue=None
        )
        await self.socket.recv()
        await self.send(type="location", location=place, id=1)
        await self.send(type="status", status="available", id=2)
        for _ in range(2):
            await self.socket.recv()

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def listen(self) -> None:
        async for text in self.socket:
            now = time.perf_counter()
            frame = json.loads(text)
            if frame["type"] == "offer":
                self.arrivals.note(frame["offer"]["requestId"], now)
                if self.answers:
                    await asyncio.sleep(PARTNER_THINKS_S)
                    await self.send(type="decline", offerId=frame["offerId"])
            elif frame["type"] == "offer.rescinded":
                self.rescinded.set()

    async def report(self, place: dict[str, float], rng: random.Random) -> None:
        await asyncio.sleep(rng.uniform(0, POSITION_EVERY_S))
        while True:
            place["lat"] += rng.uniform(-1e-4, 1e-4)
            await self.send(type="location", location=place)
            await asyncio.sleep(POSITION_EVERY_S)


def keyed() -> dict[str, str]:
    """A header with a new idempotency key."""
    return {"Idempotency-Key": uuid4().hex}


async def quiet(
    program: Program, partner_token: str, user_token: str, requests: int
) -> tuple[list[float], list[float]]:
    """Measure the seconds from sending a POST to the offer frame, with one partner and one request at a time.

    Makes `requests` with a key and as many without, alternately, so that both meet the same load. Returns both lists.
    """
    arrivals = Arrivals()
    partner = Partner(program, partner_token, arrivals, answers=False)
    await partner.connect({"lat": CENTRE[0], "lng": CENTRE[1]})
    listening = asyncio.create_task(partner.listen())
    with_key: list[float] = []
    without: list[float] = []
    async with aiohttp.ClientSession(program.url, headers={"Authorization": f"Bearer {user_token}"}) as http:
        for number in range(2 * (requests + WARM_UP)):
            headers, times = (keyed(), with_key) if number % 2 else ({}, without)
            partner.rescinded.clear()
            start = time.perf_counter()
            body = {"location": {"lat": CENTRE[0] + 0.001, "lng": CENTRE[1]}}
            async with http.post("/cheerRequest", json=body, headers=headers) as answer:
                request_id = (await answer.json())["requestId"]
            async with asyncio.timeout(OFFER_WITHIN_S):
                arrived = await arrivals.of(request_id)
            if number >= 2 * WARM_UP:
                times.append(arrived - start)
            async with http.post(f"/cheerRequest/{request_id}/cancel", json={}, headers=headers and keyed()) as answer:
                answer.raise_for_status()
            async with asyncio.timeout(OFFER_WITHIN_S):
                await partner.rescinded.wait()
    await partner.send(type="status", status="offline")
    listening.cancel()
    await partner.socket.close()
    return with_key, without


async def loaded(
    program: Program, partners: list[str], users: list[str], *, rate: float, seconds: float
) -> tuple[list[float], int]:
    """Make requests at a steady rate among many partners.

    Returns the seconds from each POST to its first offer, and how many requests had none.
    """
    rng = random.Random(1)
    arrivals = Arrivals()
    fleet = [Partner(program, token, arrivals, answers=False) for token in partners]
    places, wanted = await asyncio.to_thread(
        lambda: ([somewhere(rng) for _ in fleet], [somewhere(rng) for _ in range(int(rate * seconds))])
    )
    for start in range(0, len(fleet), 50):
        await asyncio.gather(*(p.connect(places[start + n]) for n, p in enumerate(fleet[start : start + 50])))
    tasks = [asyncio.create_task(p.listen()) for p in fleet]
    tasks += [asyncio.create_task(p.report(place, rng)) for p, place in zip(fleet, places, strict=True)]
    times: list[float] = []
    async with aiohttp.ClientSession(program.url) as http:

        async def one(token: str, place: dict[str, float]) -> bool:
            headers = {"Authorization": f"Bearer {token}"}
            start = time.perf_counter()
            async with http.post("/cheerRequest", json={"location": place}, headers=headers | keyed()) as answer:
                answer.raise_for_status()
                request_id = (await answer.json())["requestId"]
            try:
                async with asyncio.timeout(OFFER_WITHIN_S):
                    times.append(await arrivals.of(request_id) - start)
                return True
            except TimeoutError:
                return False
            finally:
                path = f"/cheerRequest/{request_id}/cancel"
                async with http.post(path, json={}, headers=headers | keyed()) as answer:
                    answer.raise_for_status()

        calls = []
        began = time.perf_counter()
        for number, place in enumerate(wanted):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            calls.append(asyncio.create_task(one(users[number % len(users)], place)))
        offered = await asyncio.gather(*calls)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(p.socket.close() for p in fleet))
    return times, offered.count(False)


async def beside_pages(
    program: Program, options: argparse.Namespace, desks: list[str], run: Run, floor_s: float
) -> None:
    """Make loaded runs by turns without and with open staff pages, and print both and the ratio of their p99."""
    by_pages: dict[int, list[list[float]]] = {0: [], options.staff_pages: []}
    for _ in range(options.rounds):
        for count, runs in by_pages.items():
            begun = time.perf_counter()
            async with open_pages(program, desks[:count]) as pages:
                times, _ = await run()
            runs.append(times)
            rate = pages.received / max(count, 1) / (time.perf_counter() - begun)
            show(f"with {count} staff pages", times, floor_s)
            print(f"{'':28} {rate / 1000:.1f} kB/s a page" if count else "")
    with_pages, without = (
        statistics.median(percentile(times, 0.99) for times in by_pages[n]) for n in (options.staff_pages, 0)
    )
    print(f"{'p99 with pages / without':28} {with_pages / without:26.3f}")


def show(name: str, times: list[float], floor_s: float) -> None:
    """Print one row: p50 and p99 in milliseconds, and p50 as a multiple of the floor."""
    p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
    print(f"{name:28} {len(times):6} {p50 * 1e3:9.2f} {p99 * 1e3:9.2f} {p50 / floor_s:9.1f} ×")


async def show_provider(times: list[float], floor_s: float) -> None:
    """Print what the provider's own call takes, and what is left of `times` without it."""
    user = await Customer.objects.exclude(card_reference="").afirst()
    assert user is not None, "nobody has saved a card"
    address, key = settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY
    held = await hold_times_s(address, key, customer=user.reference, card=user.card_reference)
    show("the provider's call", held, floor_s)
    ours_s = percentile(times, 0.5) - percentile(held, 0.5)
    print(f"{'p50 less the provider':28} {ours_s * 1e3:16.2f}")


async def measure(program: Program, options: argparse.Namespace, accounts: dict[str, list[tuple[str, str]]]) -> None:
    """Run all parts and print the table."""
    ping_s, commit_s = await asyncio.to_thread(floors.valkey_round_trip_s), await asyncio.to_thread(floors.commit_s)
    partner_id, token = accounts["partner"][0]
    headers = {"Authorization": f"Bearer {token}"}
    async with websockets.connect(program.ws_url + "/partner/notification", additional_headers=headers) as socket:
        await socket.recv()
        frame_s = await floors.publish_to_frame_s(socket, f"partner:{partner_id}")
    floor_s = ping_s + commit_s + frame_s
    engine = "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"
    print(f"\nrequest → offer, {engine}; floor {floor_s * 1e3:.2f} ms = Valkey {ping_s * 1e3:.2f} + commit")
    print(f"{commit_s * 1e3:.2f} + frame {frame_s * 1e3:.2f}\n")
    if options.cards:
        emails = {address_of("user", number): token for number, (_, token) in enumerate(accounts["user"])}
        await save_cards(program.url, settings.STRIPE_API_BASE, emails)
    print(f"{'':28} {'n':>6} {'p50 ms':>9} {'p99 ms':>9} {'p50/floor':>11}")
    with_key, without = await quiet(program, token, accounts["user"][0][1], options.requests)
    show("quiet", with_key, floor_s)
    show("quiet, without a key", without, floor_s)
    ratio = percentile(with_key, 0.5) / percentile(without, 0.5)
    print(f"{'p50 with the key / without':28} {ratio:26.3f}")
    if options.cards:
        await show_provider(with_key, floor_s)
    if options.partners:
        tokens = [token for _, token in accounts["partner"]]
        users = [token for _, token in accounts["user"]]

        def run() -> Coroutine[Any, Any, tuple[list[float], int]]:
            return loaded(program, tokens, users, rate=options.rate, seconds=options.seconds)

        if options.staff_pages:
            desks = [await asyncio.to_thread(make_staff, number) for number in range(options.staff_pages)]
            await beside_pages(program, options, desks, run, floor_s)
            return
        times, lost = await run()
        show(f"{options.rate:g}/s, {options.partners} partners", times, floor_s)
        print(f"without an offer within {OFFER_WITHIN_S:g} s: {lost}")


def carry_out(program: Program, options: argparse.Namespace) -> None:
    """Create the accounts, measure, and audit the database."""
    counts = {
        "partner": max(1, options.partners),
        "user": int(options.rate * OFFER_WITHIN_S * USERS_A_RATE) if options.partners else 1,
    }
    accounts = {role: make_accounts(role, count) for role, count in counts.items()}
    asyncio.run(measure(program, options, accounts))
    audit = subprocess.run([sys.executable, "manage.py", "audit"], check=False)
    print("audit:", "clean" if audit.returncode == 0 else "NOT CLEAN")
