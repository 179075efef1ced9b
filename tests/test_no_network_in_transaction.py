"""No POST touches Valkey, the broker or the payment provider inside a transaction, with or without a key.

The network is watched where its bytes leave, so that the guards of the program itself are under test as well.
"""

import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import redis.connection
import stripe
from django.conf import settings
from django.db import connection

from api.models import IdempotencyRecord
from tests.cast import client_of
from tests.fuzz.calls import EVERY_ROUTE, GOOD, ONLINE, Good, path_of, sign
from tests.fuzz.conftest import UNLIMITED, WEBHOOK_SECRET
from tests.fuzz.world import World, make_world, rolled_back
from tests.online import Online
from tests.online_scenes import book

POSTS = sorted(route for route, view in EVERY_ROUTE.items() if hasattr(view, "post"))


@pytest.fixture(autouse=True)
def _open_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rate limits, a webhook whose secret is known, and partners who are paid by the provider."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], UNLIMITED)
    monkeypatch.setitem(settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES", rates)
    monkeypatch.setattr(settings, "STRIPE_WEBHOOK_SECRET", [WEBHOOK_SECRET])
    monkeypatch.setattr(settings, "REFERRAL_CREDITS", {"usd": 500})
    monkeypatch.setattr(settings, "STRIPE_CONNECT_WEBHOOK_SECRET", [WEBHOOK_SECRET])
    monkeypatch.setattr(settings, "STRIPE_CONNECT", True)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What has used the network: the lines of the program that did, inside a transaction and outside."""
    lines: dict[str, list[str]] = {"inside": [], "outside": []}

    def watch(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            blocks = [block for block in connection.atomic_blocks if not block._from_testcase]
            lines["inside" if blocks else "outside"].append(_line_of_ours())
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, watched)

    watch(redis.connection.AbstractConnection, "send_packed_command")  # Valkey, the cache, and Kombu's broker
    watch(stripe.RequestsClient, "request")
    return lines


def _line_of_ours() -> str:
    """The innermost frame of the program that is no wrapper around the network."""
    wrappers = ("core/valkey.py", "core/jobs.py", "payments/provider/gateway.py", "test_no_network_in_transaction.py")
    ours = [frame for frame in traceback.extract_stack() if "/lib/python" not in frame.filename]
    found = (f"{frame.filename}:{frame.lineno}" for frame in reversed(ours) if not frame.filename.endswith(wrappers))
    return next(found, "?")


# ---------------------------------------------------------------- where cards are charged


def a_card_given(world: World, online: Online) -> Good:
    """The provider has a user's card, and we have not asked it yet."""
    setup = client_of(world.stroller).post("/cardSetup").json()["setupIntentId"]
    online.account.confirm_setup_intent(setup, {"payment_method": "pm_card_visa"})
    return Good(world.stroller, {"setupIntentId": setup})


def a_hold_to_confirm(world: World, online: Online) -> Good:
    online.save_card(world.stroller, "pm_card_authenticationRequired")
    return Good(world.stroller, id=book(online, world.stroller).holds.get().pk)


def a_failed_payment(world: World, online: Online) -> Good:
    """A payment that the card's bank has declined."""
    online.save_card(world.user, "pm_card_chargeCustomerFail")
    online.work()
    return Good(world.user, id=world.completed.payments.get().pk)


def a_payment_to_confirm(world: World, online: Online) -> Good:
    online.save_card(world.user, "pm_card_authenticationRequired")
    online.work()
    return Good(world.user, id=world.completed.payments.get().pk)


GOOD_ONLINE: dict[str, Callable[[World, Online], Good]] = {
    "card": a_card_given,
    "cardSetup": lambda world, online: Good(world.stroller),
    "hold/<uuid:hold_id>/confirmation": a_hold_to_confirm,
    "partner/payoutAccount": lambda world, online: Good(world.idle.user),
    "payment/<uuid:payment_id>/confirmation": a_payment_to_confirm,
    "payment/<uuid:payment_id>/pay": a_failed_payment,
}


# ---------------------------------------------------------------- the calls


def test_every_post_is_listed() -> None:
    """A new POST needs a good call: in `GOOD` of the fuzz tests, or above where it needs the provider."""
    assert set(POSTS) == set(GOOD) | set(GOOD_ONLINE)
    assert set(GOOD_ONLINE) == ONLINE


@pytest.mark.parametrize("route", POSTS)
def test_nothing_waits_for_the_network_inside_a_transaction(
    route: str, nyc: Any, seen: dict[str, list[str]], request: pytest.FixtureRequest
) -> None:
    world = make_world()
    good = GOOD_ONLINE[route](world, request.getfixturevalue("online")) if route in ONLINE else GOOD[route](world)
    inside = {}
    for way, headers in (("without a key", {}), ("with a key", {"Idempotency-Key": "k"})):
        seen["inside"].clear()
        seen["outside"].clear()
        with rolled_back():
            answer = call(good, route, headers)
            assert 200 <= answer.status_code < 300, (way, answer.content)
            stored = IdempotencyRecord.objects.exists()
            assert stored == (bool(headers) and hasattr(EVERY_ROUTE[route].post, "idempotent"))
        inside[way] = list(seen["inside"])
        assert seen["outside"] or good.signed, "not even the rate limit was seen, which a webhook alone has not"
    assert inside == {"without a key": [], "with a key": []}


def call(good: Good, route: str, headers: dict[str, str]) -> Any:
    """Make a good call."""
    raw = json.dumps(good.body)
    if good.signed:
        headers = {**headers, "Stripe-Signature": sign(raw.encode())}
    return client_of(good.who).post(path_of(route, good.id), raw, content_type="application/json", headers=headers)
