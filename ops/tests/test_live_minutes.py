"""The figures of each minute of the last hour."""

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from core import valkey
from ops.live.minutes import FIGURES, KEPT_S, OPEN_MINUTES, Minutes, counted_minutes, kept_minutes, minute_of
from ops.live.minutes import newest_minutes as newest
from payments.models import Payment
from requests_app.dead_letters import dead_letter
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import queue

pytestmark = pytest.mark.django_db(transaction=True)


def around(*moments: datetime) -> Minutes:
    """The minutes that hold these moments, with the one before and the one after."""
    return counted_minutes(minute_of(min(moments)) - 1, minute_of(max(moments)) + 1)


def sums(minutes: Minutes) -> Counter[str]:
    """The sums of these minutes in New York."""
    return sum(
        (Counter({name: regions["nyc"][name] for name in FIGURES}) for regions in minutes.values() if regions),
        Counter(),
    )


def key(minute: int) -> str:
    return f"staff:live:minute:{minute}"


def test_a_session_from_its_request_to_its_fare(completed: Ride) -> None:
    CheerRequest.objects.filter(pk=completed.request_id).update(created_at=completed.accepted_at)
    minutes = around(completed.accepted_at, timezone.now())
    assert sums(minutes) == {"requests": 1, "offers": 1, "accepts": 1, "sessions": 1}
    fare = Payment.objects.get(ride=completed)
    revenue: Any = [regions["nyc"]["revenue"] for regions in minutes.values() if regions]
    assert sum((Counter(each) for each in revenue), Counter()) == {fare.currency: fare.amount}


def test_for_how_long_requests_waited(ride: Ride) -> None:
    made = ride.accepted_at - timedelta(seconds=40)
    CheerRequest.objects.filter(pk=ride.request_id).update(created_at=made)
    assert sums(around(ride.accepted_at))["waitedS"] == 40


def test_a_request_that_nobody_took_counts_when_it_is_given_up(user: User) -> None:
    request = queue(user)
    before = around(request.give_up_at)
    dead_letter(request.pk, now=request.give_up_at)
    after = around(request.give_up_at)
    assert (sums(before)["unmatched"], after[minute_of(request.give_up_at)]["nyc"]["unmatched"]) == (0, 1)


def test_twice_is_once(user: User) -> None:
    queue(user)
    now = timezone.now()
    assert newest(now) == newest(now)
    assert sums(kept_minutes(now))["requests"] == 1


def test_a_minute_that_is_over_is_not_counted_again(user: User) -> None:
    now = timezone.now()
    newest(now)
    over = minute_of(now) - OPEN_MINUTES
    valkey.client().set(key(over), json.dumps({"kept": {}}), ex=KEPT_S)
    newest(now)
    assert kept_minutes(now)[over] == {"kept": {}}


def test_what_valkey_has_lost_is_counted_once_more(user: User) -> None:
    queue(user)
    now = timezone.now()
    newest(now)
    before = kept_minutes(now)
    valkey.client().delete(*(key(minute) for minute in before))
    newest(now)
    assert (kept_minutes(now), len(before)) == (before, 60)
