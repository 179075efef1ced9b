"""Sums of advice by the hour are kept for ever, the rows behind them, which are about a person, for a while."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from insights.positioning.cells import middle_of
from insights.positioning.models import Advice, HourAdvice
from insights.tests.advice.scenes import BUSY, advise, advised
from ops.pruner import prune
from regions.models import Region
from requests_app.serving import availability
from tests.cast import Clock, make_partner, make_user, report, submit
from web.privacy.deletion import delete_account
from web.privacy.export import export

pytestmark = pytest.mark.django_db


def test_an_hour_has_what_became_of_its_advice(city: Region, clock: Clock) -> None:
    clock.now = clock.now.replace(minute=5)
    partner, advice = advised(city, clock)
    hour = HourAdvice.objects.get()
    assert (hour.starts_at, hour.given, hour.partners, hour.followed) == (
        clock.now.replace(minute=0, second=0, microsecond=0),
        1,
        1,
        0,
    )
    clock.advance(60)
    report(partner, middle_of(advice.cell))
    advise(city, clock, 60)
    report(partner, middle_of(advice.cell))
    submit(make_user("Ada"), at=BUSY)
    advise(city, clock, 60)
    hour.refresh_from_db()
    assert (hour.given, hour.followed, hour.followed_m) == (1, 1, advice.distance_m)
    assert (hour.offered_followed, hour.offered_followed_s, hour.offered_ignored) == (1, 120, 0)


def test_an_hour_is_counted_to_the_end_also_after_a_long_outage(city: Region, clock: Clock) -> None:
    advised(city, clock)
    advise(city, clock, 5 * 3600)
    assert HourAdvice.objects.get().ignored == 1


def test_it_is_in_the_export_and_goes_with_the_account_and_its_sums_stay(city: Region, clock: Clock) -> None:
    partner, advice = advised(city, clock)
    (said,) = export(partner.user, now=clock.now)["data"]["advice"]
    assert said["cell"] == advice.cell
    availability.go_offline(partner, now=clock.now)
    delete_account(partner.user, now=clock.now)
    assert not Advice.objects.exists()
    advise(city, clock)
    assert HourAdvice.objects.get().given == 1


def test_what_was_written_while_an_account_was_deleted_goes_at_the_next_look(city: Region, clock: Clock) -> None:
    partner, advice = advised(city, clock)
    make_partner("Otto")
    User.objects.filter(pk=partner.user_id).update(is_active=False)
    advise(city, clock)
    assert not Advice.objects.filter(pk=advice.pk).exists()


def test_it_goes_after_its_time(city: Region, clock: Clock, settings: Any) -> None:
    advised(city, clock)
    settings.ADVICE_KEPT_DAYS = 7
    assert prune("insights.Advice", clock.now + timedelta(days=7)) == 0
    assert prune("insights.Advice", clock.now + timedelta(days=8)) == 1
    assert HourAdvice.objects.count() == 1
