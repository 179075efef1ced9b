"""Saving a card as a user's phone does it: the provider gets the card, the server its reference."""

import asyncio
import hashlib
import logging

import httpx

from simulator.accounts import Account, Refused
from simulator.client import UNAVAILABLE

log = logging.getLogger(__name__)

ISSUER = "424242"  # cards of the stand-in that always pay begin so
DIGITS = 15  # of a number, without its check digit
PAUSE_S = 0.5
TRIES = 60


async def save_card(account: Account, provider: str, number: str = "") -> None:
    """Save a test card, by default the account's own, with the provider's test mode at address `provider`.

    Raises `Refused`.
    """
    for _ in range(TRIES):
        setup = await account.call("POST", "/cardSetup")
        if not setup.ok:
            raise Refused(f"a card can't be saved ({setup.code})")
        if await _give(provider, setup.body, number or number_of(account.email)):
            answer = await account.call("POST", "/card", {"setupIntentId": setup.body["setupIntentId"]})
            if answer.ok:
                return
            log.warning("a card is not saved (%s)", answer.code)
        await asyncio.sleep(PAUSE_S)
    raise Refused("a card can't be saved: the provider does not take it")


def number_of(email: str) -> str:
    """Return the number of a bot's card: the same each time, and another for each bot, as people's cards are."""
    drawn = str(int(hashlib.sha256(email.encode()).hexdigest(), 16))
    digits = (ISSUER + drawn)[:DIGITS]
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(digits)]
    return digits + str(-sum(sum(divmod(each, 10)) for each in doubled) % 10)  # the check digit of H. P. Luhn


async def _give(provider: str, setup: dict[str, str], number: str) -> bool:
    """Send the card to the provider, as its script on the card page does; returns whether it was accepted."""
    headers = {"Authorization": f"Bearer {setup['publishableKey']}"}
    form = {"client_secret": setup["clientSecret"], "payment_method_data[card][number]": number}
    try:
        async with httpx.AsyncClient(base_url=provider, headers=headers, trust_env=False) as http:
            answer = await http.post(f"/v1/setup_intents/{setup['setupIntentId']}/confirm", data=form)
    except httpx.TransportError as error:
        log.warning("the provider is away (%s)", type(error).__name__)
        return False
    if not answer.is_success and answer.status_code not in UNAVAILABLE:
        log.warning("the provider refuses a card (%s)", answer.status_code)
    return answer.is_success
