"""The measurements of `bench.dead_letters` on the running program. Import it after the settings are loaded."""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from uuid import uuid4

import aiohttp
from django.conf import settings

from bench.accounts import address_of, make_accounts, make_staff
from bench.program import Program
from bench.provider import save_cards
from payments.models import Hold
from payments.states import HoldStatus
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus

PLACE = {"lat": 40.7484, "lng": -73.9857}
WITHIN_S = 180.0
LOOK_EVERY_S = 0.1


async def _until(count: int, status: str) -> float:
    """Wait until so many requests have a status; returns the seconds that it took."""
    begun = time.perf_counter()
    while await CheerRequest.objects.filter(status=status).acount() < count:
        if time.perf_counter() - begun > WITHIN_S:
            raise SystemExit(f"Fewer than {count} requests are {status} after {WITHIN_S:g} s.")
        await asyncio.sleep(LOOK_EVERY_S)
    return time.perf_counter() - begun


async def _until_held(letters: int) -> float:
    """Wait until so many holds are placed; returns the seconds that it took."""
    begun = time.perf_counter()
    while (held := await Hold.objects.filter(status=HoldStatus.AUTHORIZED).acount()) < letters:
        if time.perf_counter() - begun > WITHIN_S:
            raise SystemExit(f"{held} of {letters} holds are placed after {WITHIN_S:g} s.")
        await asyncio.sleep(LOOK_EVERY_S)
    return time.perf_counter() - begun


async def measure(program: Program, options: argparse.Namespace, tokens: list[str], desk: dict[str, str]) -> None:
    """Let the requests die, requeue all by one call, and wait for their holds; once a round."""
    emails = {address_of("user", number): token for number, token in enumerate(tokens)}
    await save_cards(program.url, settings.STRIPE_API_BASE, emails)
    async with aiohttp.ClientSession(program.url, timeout=aiohttp.ClientTimeout(WITHIN_S)) as http:
        for token in tokens:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}
            async with http.post("/cheerRequest", json={"location": PLACE}, headers=headers) as answer:
                answer.raise_for_status()
        ids = [str(pk) async for pk in CheerRequest.objects.values_list("pk", flat=True)]
        calls, held = [], []
        for number in range(options.rounds):
            await _until(len(ids), RequestStatus.NO_MATCH)
            body, key = {"requestIds": ids, "reason": "It rained"}, {"Idempotency-Key": uuid4().hex}
            begun = time.perf_counter()
            async with http.post("/staffApi/deadLetter/requeue", json=body, headers=desk | key) as answer:
                answer.raise_for_status()
                said = Counter(row["outcome"] for row in (await answer.json())["outcomes"])
            calls.append(time.perf_counter() - begun)
            held.append(calls[-1] + await _until_held(len(ids)))
            print(f"round {number + 1}: {dict(said)}, answered {calls[-1]:.2f} s, all held {held[-1]:.2f} s after it")
        begun = time.perf_counter()
        for pk in ids:
            async with http.get(f"/staffApi/deadLetter/{pk}", headers=desk) as answer:
                await answer.read()
        read_s = time.perf_counter() - begun
    print(f"median: answered after {statistics.median(calls):.2f} s, all held after {statistics.median(held):.2f} s")
    print(f"the same rows read one by one: {read_s:.2f} s")


def carry_out(program: Program, options: argparse.Namespace) -> None:
    """Create the accounts, measure, and audit the database."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    tokens = [token for _, token in make_accounts("user", options.letters)]
    asyncio.run(measure(program, options, tokens, {"Authorization": f"Bearer {make_staff()}"}))
    audit = subprocess.run([sys.executable, "manage.py", "audit"], check=False)
    print("audit:", "clean" if audit.returncode == 0 else "NOT CLEAN")
