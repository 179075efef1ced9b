"""The counts of now, by region."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import Partner, User
from core import valkey
from ops.live import publisher
from ops.live.counts import NOWHERE, completed_last_day, latest_counts, live_counts, total
from regions.models import Region
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import make_applicant, queue
from tests.other_regions import BOSTON

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_count_in_their_region(user: User, other_user: User, boston: Region, other_partner: Partner) -> None:
    queue(user)
    queue(other_user, at=BOSTON)
    counts = live_counts(timezone.now())
    assert (counts["nyc"]["requests"], counts["boston"]["requests"]) == ({"pending": 1}, {"pending": 1})
    assert (counts["nyc"]["partners"], counts["boston"]["partners"]) == ({"available": 1}, {})
    assert total(counts)["requests"] == {"pending": 2}
    assert total(counts, {"boston"})["partners"] == {}


def test_a_payment_counts_where_its_ride_was(completed: Ride) -> None:
    counts = live_counts(timezone.now())
    assert (counts["nyc"]["unpaid"], counts["nyc"]["completedLastDay"], counts[NOWHERE]["unpaid"]) == (1, 1, 0)


def test_applicants_belong_to_no_region(nyc: Region) -> None:
    make_applicant("Nora")
    counts = live_counts(timezone.now())
    assert (counts[NOWHERE]["applications"], counts["nyc"]["applications"]) == (1, 0)


def test_the_oldest_of_all_regions_is_the_oldest(user: User, other_user: User, boston: Region) -> None:
    queue(user)
    old = queue(other_user, at=BOSTON)
    CheerRequest.objects.filter(pk=old.pk).update(created_at=old.created_at - (old.give_up_at - old.created_at))
    counts = live_counts(old.created_at)
    waited = int((old.give_up_at - old.created_at).total_seconds())
    assert (counts["boston"]["oldestPendingS"], total(counts)["oldestPendingS"]) == (waited, waited)


def test_nothing_is_zero() -> None:
    assert total({})["deadLetters"] == 0


def test_the_sessions_of_a_day_are_read_now_and_then(completed: Ride, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def counted(now: datetime) -> dict[str, int]:
        read.append(now)
        return completed_last_day(now)

    monkeypatch.setattr(publisher, "completed_last_day", counted)
    valkey.client().delete(publisher.LEADER)
    live, now = publisher.Publisher(), timezone.now()
    live.publish(now)
    for second in range(5):
        live.count(now + timedelta(seconds=second))
    assert len(read) == 1
    assert latest_counts()["nyc"]["completedLastDay"] == 1
