"""Payments switched on: the stand-in for the provider, reached over HTTP by the library that production uses.

A pytest plugin. Nothing happens by itself: a test says when operations run, and when events arrive.
"""

import json
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from core.jobs import DueRows
from fake_stripe.account import Account
from fake_stripe.server import Server, routes
from fake_stripe.webhooks import signature
from payments.models import PayoutAccount
from payments.operations import MODELS, Operation
from payments.provider import accounts, cards, gateway
from payments.provider.steps import execute
from regions.models import Region
from regions.selectors import forget_regions
from requests_app.hold_answers import sweep_holds
from requests_app.serving.session_holds import sweep_sessions

SECRET_KEY, PAGE_KEY = "sk_test_tests", "pk_test_tests"
HOOK_SECRET, CONNECT_HOOK_SECRET = "whsec_tests", "whsec_tests_connect"
CLIENT = APIClient()


class Online:
    """The provider, and the parts of ours that talk to it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.events: list[dict[str, Any]] = []
        server.account = self.account = Account(self.events.append, clock=lambda: timezone.now().timestamp())
        server.routes = routes(self.account)
        self.account.pages = server.url
        server.faults.clear()
        server.unreadable.clear()

    def save_card(self, user: User, number: str = "pm_card_visa", *, agrees: bool = True) -> None:
        """The user gives a card on the card page, and is asked by its bank where it asks."""
        setup = cards.begin_setup(user, now=timezone.now())
        answer = self.account.confirm_setup_intent(setup["id"], {"payment_method": number})
        if answer["status"] == "requires_action":
            self.account.answer_setup_intent(setup["id"], agrees=agrees)
        cards.finish_setup(user, setup["id"], now=timezone.now())

    def connect(self, partner: Partner) -> None:
        """The partner completes the provider's form, and can be paid."""
        now = timezone.now()
        accounts.onboarding_url(partner, return_url="http://testserver/", now=now)
        self.account.finish_onboarding(PayoutAccount.objects.get(partner=partner).reference)
        self.deliver()
        self.work()

    def fail(self, *faults: str) -> None:
        """What the next calls meet, in order."""
        self.server.faults.extend(faults)

    def work(self, *, sweep: bool = True) -> None:
        """Run whatever is due, until nothing is."""
        for _ in range(50):
            if sweep:
                sweep_holds(timezone.now())
                sweep_sessions(timezone.now())
            if not self.run_operations():
                return
        raise AssertionError("the operations do not come to an end")

    def run_operations(self) -> int:
        """Run the step of each row that is due once; returns how many there were."""
        if not is_anything_due(timezone.now()):
            return 0
        found = [(operation, pk) for operation in Operation for pk in operation.rows.claim_due(timezone.now())]
        for operation, pk in found:
            execute(operation, pk)
        return len(found)

    def deliver(self, *, shuffled: random.Random | None = None, twice: bool = False) -> None:
        """Send the events so far to our webhook."""
        events, self.events[:] = list(self.events), []
        events += events if twice else []
        if shuffled is not None:
            shuffled.shuffle(events)
        for event in events:
            assert self.send(event).status_code == 200

    def send(self, event: dict[str, Any], at: float | None = None) -> Any:
        """Send one event to the endpoint that it is for, signed for that one."""
        raw = json.dumps(event).encode()
        connected = bool(event.get("account"))
        secret = CONNECT_HOOK_SECRET if connected else HOOK_SECRET
        header = signature(raw, secret, time.time() if at is None else at)
        path = "/updatePayoutInfo" if connected else "/updatePaymentInfo"
        return CLIENT.generic("POST", path, raw, content_type="application/json", HTTP_STRIPE_SIGNATURE=header)

    # ------------------------------------------------------------ what the provider has

    def taken(self) -> int:
        """What it has captured, less refunds."""
        return sum(charge["amount_captured"] - charge["amount_refunded"] for charge in self.account.every("charge"))

    def held(self) -> int:
        """What it holds on cards."""
        return sum(intent["amount_capturable"] for intent in self.account.every("payment_intent"))

    def intents(self) -> list[dict[str, Any]]:
        """Every intent, newest first."""
        return self.account.every("payment_intent")


def is_anything_due(now: datetime) -> bool:
    """Whether any operation is, by one query instead of one for each kind."""
    tables = [f"SELECT 1 FROM {model._meta.db_table} WHERE next_step_at <= %s" for model in MODELS.values()]  # noqa: S608
    with connection.cursor() as cursor:
        moment = connection.ops.adapt_datetimefield_value(now)
        cursor.execute(" UNION ALL ".join(tables) + " LIMIT 1", [moment] * len(tables))
        return cursor.fetchone() is not None


@pytest.fixture(scope="session")
def provider_server() -> Iterator[Server]:
    """One server for all tests; each gives it an account of its own."""
    server = Server(Account(), secret_key=SECRET_KEY, publishable_key=PAGE_KEY)
    server.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def online(provider_server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Online:
    """Payments are charged online."""
    return charging(provider_server, settings, monkeypatch)


def charging(server: Server, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Online:
    """Charge payments online, with this server as the provider, until the patches are undone."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLISHABLE_KEY = SECRET_KEY, PAGE_KEY
    settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_BASE = [HOOK_SECRET], server.url
    settings.STRIPE_CONNECT_WEBHOOK_SECRET = [CONNECT_HOOK_SECRET]
    # No rule holds a payout, except in the tests of these rules.
    settings.PAYOUT_DELAY_DAYS = settings.PAYOUT_ACCOUNT_DELAY_DAYS = settings.PAYOUTS_REVIEWED = 0
    settings.MIN_SESSION_S = 0.0
    # The library waits between its own repetitions; ours are rows.
    monkeypatch.setattr(gateway, "RETRIES", 0)
    # Nothing is queued here: a test runs what is due.
    monkeypatch.setattr(DueRows, "enqueue_on_commit", lambda rows, pk: None)
    gateway._gateway.cache_clear()
    return Online(server)


def set_region(**settings: Any) -> None:
    """Change the region's rules."""
    Region.objects.update(**settings)
    forget_regions()


def later(clock: Any, **delta: float) -> datetime:
    """Let time pass."""
    moment: datetime = clock.advance(timedelta(**delta).total_seconds())
    return moment
