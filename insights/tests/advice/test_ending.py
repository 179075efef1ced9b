"""How advice ends, and what is noted of it afterwards."""

from datetime import timedelta

import pytest

from insights.positioning.cells import WITHIN_M, middle_of
from insights.positioning.models import Outcome
from insights.positioning.planning import REST
from insights.positioning.services import EVERY, LAPSES_AFTER
from insights.tests.advice.scenes import BUSY, advise, advised, ended
from notifications.events import Message
from regions.models import Region
from requests_app.serving import availability
from tests.cast import Clock, decline, make_user, north, open_offer, report, submit

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("metres", "outcome"), [(WITHIN_M - 20, Outcome.FOLLOWED), (WITHIN_M + 20, Outcome.OPEN)])
def test_it_is_followed_by_coming_near(
    city: Region, clock: Clock, told: list[Message], metres: float, outcome: Outcome
) -> None:
    partner, advice = advised(city, clock)
    told.clear()
    clock.advance(EVERY.total_seconds())
    report(partner, north(-metres, of=middle_of(advice.cell)))
    advise(city, clock, 0)
    assert ended(advice) == outcome
    assert [frame["advice"] is None for _, _, frame in told] == [outcome == Outcome.FOLLOWED]


def test_it_is_ignored_when_its_time_is_over(city: Region, clock: Clock) -> None:
    partner, advice = advised(city, clock)
    clock.now = advice.until - timedelta(seconds=1)
    report(partner, north(0))
    assert advise(city, clock, 0) == [advice]
    advise(city, clock, 1)
    assert ended(advice) == Outcome.IGNORED
    assert advice.ended_at == clock.now
    assert advice.until > advice.given_at + LAPSES_AFTER


def test_an_offer_overtakes_it_and_is_noted_also_if_it_is_declined(city: Region, clock: Clock) -> None:
    _, advice = advised(city, clock)
    clock.advance(40)
    decline(open_offer(submit(make_user("Ada"))))
    advise(city, clock, 20)
    assert ended(advice) == Outcome.OVERTAKEN
    assert advice.offered_after_s == 40


def test_going_offline_ends_it(city: Region, clock: Clock) -> None:
    partner, advice = advised(city, clock)
    availability.go_offline(partner, now=clock.now)
    advise(city, clock)
    assert ended(advice) == Outcome.OVERTAKEN


def test_what_it_brought_is_noted_after_its_end(city: Region, clock: Clock) -> None:
    partner, advice = advised(city, clock)
    clock.advance(240)
    report(partner, middle_of(advice.cell))
    advise(city, clock, 60)
    assert ended(advice) == Outcome.FOLLOWED
    report(partner, middle_of(advice.cell))
    submit(make_user("Ada"), at=BUSY)
    advise(city, clock, 60)
    assert (ended(advice), advice.offered_after_s) == (Outcome.FOLLOWED, 300)


def test_nobody_is_advised_again_before_they_have_rested(city: Region, clock: Clock) -> None:
    partner, advice = advised(city, clock)
    clock.now = advice.until
    report(partner, north(0))
    assert advise(city, clock, 0) == []
    clock.advance(REST.total_seconds() - 1)
    report(partner, north(0))
    assert advise(city, clock, 0) == []
    assert len(advise(city, clock, 1)) == 1
