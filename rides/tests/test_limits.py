"""People who pay themselves: caps on tips, and sessions that are too short to be any."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from payments.books import ledger
from payments.models import Payment, Transfer
from payments.states import PaymentKind
from regions.models import Region
from rides.models import Ride
from rides.services import tip_ride
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    accept,
    assert_refused,
    client_of,
    end,
    in_threads,
    match,
    open_offer,
    report,
    start,
    submit,
    unchanged,
)


def tip(client: APIClient, ride: Ride, amount: int, **headers: str) -> Any:
    return client.post(f"/ride/{ride.pk}/tip", {"amount": amount}, **headers)


def tips_of(ride: Ride) -> list[int]:
    return list(Payment.objects.filter(ride=ride, kind=PaymentKind.TIP).values_list("amount", flat=True))


def served(user: User, nyc: Region, clock: Clock, minutes: float = 4) -> Ride:
    report(Partner.objects.get(), EMPIRE_STATE)
    request = submit(user)
    match(nyc)
    ride = start(accept(open_offer(request)))
    clock.advance(minutes * 60)
    return end(ride)


# ---------------------------------------------------------------- tips


def test_a_thousand_dollars_of_tip_are_refused_and_flagged(user_api: APIClient, user: User, completed: Ride) -> None:
    assert_refused(tip(user_api, completed, 100_000), 400, "tip_over_cap", "amount")
    assert tips_of(completed) == []
    flag = Flag.objects.get(kind=FlagKind.TIP_OVER_CAP)
    assert (flag.account, flag.figure, flag.limit, flag.ride) == (user, 100_000, 2000, None)
    assert flag.evidence == {"ride": str(completed.pk), "partner": str(completed.partner_id)}


def test_the_cap_follows_the_fare_and_has_a_floor(user: User, nyc: Region, partner: Partner, clock: Clock) -> None:
    for minutes, cap in ((4, 2000), (31, 7000)):
        ride = served(user, nyc, clock, minutes)
        assert_refused(tip(client_of(user), ride, cap + 1), 400, "tip_over_cap", "amount")
        assert tip(client_of(user), ride, cap).status_code == 201


def test_the_same_refusal_is_repeated_and_counted_once(user_api: APIClient, completed: Ride) -> None:
    for _ in range(2):
        assert_refused(tip(user_api, completed, 9000, HTTP_IDEMPOTENCY_KEY="k"), 400, "tip_over_cap", "amount")
    assert Flag.objects.get(kind=FlagKind.TIP_OVER_CAP).times == 1


def test_tips_to_one_partner_have_a_daily_cap(
    user: User, nyc: Region, partner: Partner, clock: Clock, settings: Settings
) -> None:
    settings.TIPS_PER_PAIR_DAY_MAX = 3000
    first, second = served(user, nyc, clock), served(user, nyc, clock)
    assert tip(client_of(user), first, 2000).status_code == 201
    assert_refused(tip(client_of(user), second, 1001), 409, "tips_over_daily_cap")
    assert tips_of(second) == []
    flag = Flag.objects.get(kind=FlagKind.TIP_OVER_CAP)
    assert (flag.figure, flag.limit) == (3001, 3000)
    later = clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert tip_ride(second, amount=1001, currency="usd", now=later).amount == 1001


@pytest.mark.django_db(transaction=True)
def test_two_tips_at_the_same_time_share_the_daily_cap(
    user: User, nyc: Region, partner: Partner, clock: Clock, settings: Settings
) -> None:
    settings.TIPS_PER_PAIR_DAY_MAX = 3500
    rides = [served(user, nyc, clock) for _ in range(4)]
    answers = in_threads(*(lambda r=ride: tip(client_of(user), r, 1000) for ride in rides))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409]
    assert sum(sum(tips_of(ride)) for ride in rides) == 3000


# ---------------------------------------------------------------- sessions


def test_a_session_of_milliseconds_is_billed_and_flagged(ride: Ride, user: User, clock: Clock) -> None:
    start(ride)
    clock.advance(0.016)
    ended = end(ride)
    assert ended.fare_amount == 1000
    flag = Flag.objects.get()
    assert (flag.kind, flag.ride, flag.account, flag.figure) == (FlagKind.SESSION_TOO_SHORT, ended, user, 0.016)
    with unchanged(), pytest.raises(Exception, match="ride_completed"):
        end(ended)


def test_a_session_of_the_minimum_is_not_flagged(user: User, nyc: Region, partner: Partner, clock: Clock) -> None:
    served(user, nyc, clock, settings.MIN_SESSION_S / 60)
    assert not Flag.objects.exists()


# ---------------------------------------------------------------- all of it


def test_two_accounts_of_one_person_cash_nothing_out(user: User, partner: Partner, nyc: Region, clock: Clock) -> None:
    """A session of 16 ms, a tip of $1,000 and five stars used to leave the partner with $1,008 owed."""
    ride = served(user, nyc, clock, 0.016 / 60)
    assert client_of(user).post(f"/ride/{ride.pk}/rating", {"rating": 5}).status_code == 201
    assert_refused(tip(client_of(user), ride, 100_000), 400, "tip_over_cap", "amount")
    assert ledger.owed_to(partner, "usd") == 800
    assert not Transfer.objects.exists()
    assert set(Flag.objects.values_list("kind", flat=True)) == {FlagKind.SESSION_TOO_SHORT, FlagKind.TIP_OVER_CAP}
