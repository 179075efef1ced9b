"""People who pay themselves: two accounts of one person, tips, and payments that are denied afterwards."""

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.applications import apply_as_partner, decide_application
from accounts.models import Partner, User
from accounts.states import Application
from payments.models import Payment, PayoutHold, Transfer
from payments.states import PaymentKind
from regions.models import Region
from requests_app.serving import availability
from rides.models import Ride
from risk.states import FlagKind
from tests.cast import EMPIRE_STATE, assert_refused, end, fresh, make_user, report, start
from tests.cheating.conftest import Stage, flags
from tests.online import later
from tests.online_scenes import book, charged, fare_of, ride_of


def twin(stage: Stage, name: str) -> Partner:
    """A partner whose account was a user's before, with the card that this person uses everywhere."""
    account = make_user(name)
    stage.online.save_card(account)
    partner = apply_as_partner(account, name=name, type="cheerleader", phone="+1 212 555 0199", now=stage.clock.now)
    decide_application(partner, Application.APPROVED, actor=None, now=stage.clock.now)
    report(partner, EMPIRE_STATE)
    availability.go_online(partner, now=stage.clock.now)
    stage.pays(partner)
    found: Partner = fresh(partner)
    return found


def served(stage: Stage, user: User, nyc: Region, *, minutes: float = 10) -> Ride:
    return charged(stage.online, user, nyc, stage.clock, minutes=minutes)


@pytest.fixture
def own(stage: Stage, victim: User, nyc: Region) -> Ride:
    """A ride of a person with their own second account."""
    partner = twin(stage, "Twin")
    ride = served(stage, victim, nyc)
    assert ride.partner_id == partner.pk
    return ride


def test_two_accounts_of_one_person_are_not_paid(stage: Stage, own: Ride) -> None:
    assert flags(ride=own) == [FlagKind.LINKED_ACCOUNTS]
    assert PayoutHold.objects.get().reasons == [FlagKind.LINKED_ACCOUNTS]
    assert stage.paid_out() == 0


def test_a_tip_to_oneself_is_not_paid_either(stage: Stage, own: Ride, user_api: APIClient) -> None:
    answer = user_api.post(f"/ride/{own.pk}/tip", {"amount": 1500, "currency": "usd"})
    assert answer.status_code in (200, 201)
    assert Payment.objects.filter(kind=PaymentKind.TIP).exists()
    assert stage.paid_out() == 0


def test_a_large_tip_is_refused_and_flagged(
    stage: Stage, victim: User, user_api: APIClient, bot: Partner, nyc: Region
) -> None:
    """The attack: a session of a second, a fare of a few dollars, and a tip of a thousand."""
    ride = start(ride_of(book(stage.online, victim), nyc))
    stage.clock.advance(1)
    end(ride)
    answer = user_api.post(f"/ride/{ride.pk}/tip", {"amount": 100_000, "currency": "usd"})
    assert_refused(answer, 400, "tip_over_cap", "amount")
    assert set(flags()) == {FlagKind.SESSION_TOO_SHORT, FlagKind.TIP_OVER_CAP}
    assert not Payment.objects.filter(kind=PaymentKind.TIP).exists()
    assert stage.paid_out() == 0


def test_many_small_tips_have_a_sum(
    stage: Stage, victim: User, user_api: APIClient, bot: Partner, nyc: Region, settings: Settings
) -> None:
    settings.TIPS_PER_PAIR_DAY_MAX = 4000
    answers = []
    for _ in range(3):
        report(bot, EMPIRE_STATE)
        ride = served(stage, victim, nyc, minutes=4)
        answers.append(user_api.post(f"/ride/{ride.pk}/tip", {"amount": 2000, "currency": "usd"}))
    assert [answer.status_code for answer in answers[:2]] == [answers[0].status_code] * 2
    assert_refused(answers[2], 409, "tips_over_daily_cap")
    assert flags() == [FlagKind.TIP_OVER_CAP]
    assert sum(Payment.objects.filter(kind=PaymentKind.TIP).values_list("amount", flat=True)) == 4000


def test_a_fare_that_is_denied_afterwards_is_not_paid(
    stage: Stage, victim: User, bot: Partner, nyc: Region, settings: Settings
) -> None:
    """The attack: pay by a card, earn as a partner, and have the bank take the fare back."""
    settings.PAYOUT_DELAY_DAYS = 7
    ride = served(stage, victim, nyc)
    stage.online.account.open_dispute(fare_of(ride).third_party_reference_id)
    later(stage.clock, days=2)
    stage.online.deliver()
    stage.online.work()
    assert flags(payment=fare_of(ride)) == [FlagKind.PAYMENT_DISPUTED]
    assert stage.paid_out() == 0
    assert PayoutHold.objects.get().reasons == [FlagKind.PAYMENT_DISPUTED]


def test_a_denial_after_the_payout_is_flagged(stage: Stage, victim: User, bot: Partner, nyc: Region) -> None:
    ride = served(stage, victim, nyc)
    stage.settle()
    assert Transfer.objects.get().payment == fare_of(ride)
    stage.online.account.open_dispute(fare_of(ride).third_party_reference_id)
    stage.online.deliver(twice=True)
    stage.online.work()
    assert flags() == [FlagKind.PAYMENT_DISPUTED]
    assert flags(account=victim) == [FlagKind.PAYMENT_DISPUTED]
