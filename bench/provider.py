"""The card provider's stand-in beside a program that is measured."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import aiohttp

from bench.program import BASE, STOP_S, answering, free_port
from simulator.accounts import Account, Keyring
from simulator.cards import save_card
from simulator.client import Api

AMOUNT = 1000  # minor units
AT_A_TIME = 8  # accounts that save a card
CALLS = 200


def settings() -> dict[str, str]:
    """Return the settings with which the program finds the stand-in, on a port that is free now."""
    return {
        "STRIPE_SECRET_KEY": "sk_test_bench",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_bench",
        "STRIPE_WEBHOOK_SECRET": "whsec_bench",
        "STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_bench_connect",
        "STRIPE_API_BASE": f"http://127.0.0.1:{free_port()}",
    }


@contextmanager
def serving(address: str) -> Iterator[None]:
    """Run the stand-in with this process's environment, which is the program's."""
    process = subprocess.Popen([sys.executable, "-m", "fake_stripe"], cwd=BASE)
    try:
        answering(address)
        yield
    finally:
        process.terminate()
        process.wait(STOP_S)


async def save_cards(server: str, provider: str, tokens: dict[str, str]) -> None:
    """Let accounts, given as tokens by e-mail address, save a card each."""
    keyring, door = Keyring(None, server), asyncio.Semaphore(AT_A_TIME)
    keyring.tokens.update(tokens)
    api = Api(server)

    async def save(email: str) -> None:
        async with door:
            await save_card(Account(api, keyring, email=email, name=email, password=""), provider)

    await asyncio.gather(*map(save, tokens))
    await api.close()


async def hold_times_s(provider: str, secret_key: str, *, customer: str, card: str) -> list[float]:
    """The times of calls that hold a fare on a saved card, sent by a bare client; each hold is released afterwards.

    `customer` and `card` are the provider's ids.
    """
    form = {
        "customer": customer,
        "payment_method": card,
        "payment_method_types[0]": "card",
        "amount": AMOUNT,
        "currency": "usd",
        "capture_method": "manual",
        "confirm": "true",
        "expand[0]": "latest_charge",
    }
    times = []
    async with aiohttp.ClientSession(provider, headers={"Authorization": f"Bearer {secret_key}"}) as http:
        for _ in range(CALLS):
            start = time.perf_counter()
            async with http.post("/v1/payment_intents", data=form, headers={"Idempotency-Key": uuid4().hex}) as answer:
                answer.raise_for_status()
                intent = (await answer.json())["id"]
            times.append(time.perf_counter() - start)
            async with http.post(f"/v1/payment_intents/{intent}/cancel") as answer:
                answer.raise_for_status()
    return times
