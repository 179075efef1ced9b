"""The holder of a card agrees to its use before it is saved, and finds each charge on their statement."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as project
from pytest_django import Settings

from accounts.models import Partner, User
from payments.models import Hold
from payments.states import HoldStatus
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.planning.schedule import request_scheduled
from requests_app.tests.scenes import plan
from tests.cast import Clock, fresh
from tests.online import Online, later, set_region
from tests.online_scenes import charged
from web.tests.browse import browser_of, text_of


def test_it_is_said_before_the_card_is_saved(online: Online, user: User, nyc: Region) -> None:
    set_region(hold_amount=6000, holds_max=3, tax_name="Sales tax", tax_rate=8875, tax_inclusive=False)
    answer = browser_of(user).get("/wallet")
    text = text_of(answer)
    for said in (
        "charge it for your cheers, also while you are away",
        "costs $10 for every 5 minutes or part of it. It is charged once, afterwards. (plus Sales tax 8.875%)",
        "$60 is held on the card, and again if the cheer outgrows it, 3 times at most",
        "Cancelling more than 2 min after a partner accepts costs $5; not being there costs $10.",
        "up to 3 times within 5 days",
        "by deleting your account",
    ):
        assert said in text
    page = answer.content.decode()
    assert page.index('id="mandate"') < page.index('type="submit" disabled')


def planned_booking(user: User, clock: Clock) -> CheerRequest:
    """A cheer that was planned, and requested by the sweep."""
    planned = plan(user, now=clock.now)
    clock.now = fresh(planned).due_at
    request = request_scheduled(planned.pk, now=clock.now)
    assert request is not None
    return request


def test_a_planned_cheer_is_held_for_as_its_user_is_away(online: Online, user: User, nyc: Region, clock: Clock) -> None:
    online.save_card(user)
    planned_booking(user, clock)
    online.work()
    hold = Hold.objects.get()
    assert (hold.off_session, hold.status) == (True, HoldStatus.AUTHORIZED)
    assert (hold.parameters or {})["off_session"] is True


@pytest.mark.parametrize("agrees", [True, False])
def test_a_bank_that_wants_the_user_who_has_planned_is_answered_by_them(
    online: Online, user: User, nyc: Region, clock: Clock, agrees: bool
) -> None:
    online.save_card(user, "pm_card_authenticationRequired")
    request = planned_booking(user, clock)
    online.work()
    hold = Hold.objects.get()
    assert hold.status == HoldStatus.REQUIRES_ACTION
    later(clock, minutes=2)
    online.work()  # asked once more how it stands: they may still answer
    assert fresh(hold).status == HoldStatus.REQUIRES_ACTION
    (intent,) = online.intents()
    online.account.confirm_payment_intent(intent["id"], {"payment_method": hold.card_reference})
    online.account.answer_payment_intent(intent["id"], agrees=agrees)
    online.deliver()
    online.work()
    assert fresh(hold).status == (HoldStatus.AUTHORIZED if agrees else HoldStatus.DECLINED)
    assert fresh(request).status == ("pending" if agrees else "cancelled")


def test_the_statement_names_the_service(
    online: Online, user: User, partner: Partner, nyc: Region, clock: Clock, settings: Settings
) -> None:
    settings.STRIPE_STATEMENT_SUFFIX = "CHEER NYC"
    online.save_card(user)
    charged(online, user, nyc, clock)
    assert {(hold.parameters or {})["statement_descriptor_suffix"] for hold in Hold.objects.all()} == {"CHEER NYC"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_STATEMENT_SUFFIX", "12345"),
        ("STRIPE_STATEMENT_SUFFIX", "ELEVEN CHAR"),
        ("STRIPE_STATEMENT_SUFFIX", "CH*ER"),
        ("STRIPE_STATEMENT_SUFFIX", "CHÉER"),
        ("PAYMENT_REMINDERS_H", "72,1"),
        ("PAYMENT_GIVE_UP_H", "1"),
    ],
)
def test_settings_that_the_provider_or_a_reader_would_not_take_are_refused(name: str, value: str) -> None:
    environment = {**os.environ, "DEBUG": "1", name: value}
    run = subprocess.run(  # our own program
        [sys.executable, "-c", "import speedycheers.settings"],
        env=environment,
        cwd=project.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert name in run.stderr.splitlines()[-1]
