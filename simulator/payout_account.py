"""Opening a payout account as a partner's phone does it: our page leads to the provider's form."""

import asyncio
import logging

import httpx

from simulator.accounts import Account, Refused

log = logging.getLogger(__name__)

PAUSE_S = 0.5
TRIES = 60


async def open_payout_account(account: Account) -> None:
    """Open a partner's account with the provider's test mode, and hand in its form. Raises `Refused`."""
    for _ in range(TRIES):
        opened = await account.call("POST", "/partner/payoutAccount")
        if opened.ok and await _hand_in(opened.body["url"]):
            return
        await asyncio.sleep(PAUSE_S)
    raise Refused("no payout account can be opened: the provider does not take it")


async def _hand_in(url: str) -> bool:
    """Send the form as its button does; returns whether it was accepted."""
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(url, data={"then": "finish"})
    except httpx.TransportError as error:
        log.warning("the provider is away (%s)", type(error).__name__)
        return False
    return answer.is_redirect
