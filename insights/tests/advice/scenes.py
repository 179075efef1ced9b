"""Scenes for the tests of advice."""

from datetime import timedelta
from typing import Any

import h3

from accounts.models import Partner, User
from insights.forecast.models import Forecast
from insights.positioning.cells import cell_at
from insights.positioning.models import Advice, Adviser, Outcome
from insights.positioning.services import EVERY, advise_region
from regions.models import Region
from regions.services import change_policy
from tests.cast import Clock, Place, make_partner, make_staff, north

BUSY: Place = h3.cell_to_latlng(h3.latlng_to_cell(*north(1200), 9))
HERE = cell_at(*BUSY)


def advise(region: Region, clock: Clock, after_s: float = EVERY.total_seconds()) -> list[Advice]:
    """Let the adviser look again after a while, at a forecast of then. Returns the open advice."""
    Forecast.objects.update(starts_at=clock.now + timedelta(seconds=after_s))
    return look(region, clock, after_s)


def look(region: Region, clock: Clock, after_s: float = EVERY.total_seconds()) -> list[Advice]:
    """Let the adviser look again after a while. Returns the open advice."""
    clock.advance(after_s)
    Adviser.objects.update(advise_at=clock.now)
    advise_region(region.pk)
    return list(Advice.objects.filter(outcome=Outcome.OPEN))


def advised(region: Region, clock: Clock) -> tuple[Partner, Advice]:
    """Pia is told to go to the busy place."""
    partner = make_partner("Pia")
    (advice,) = advise(region, clock)
    return partner, advice


def ended(advice: Advice) -> Outcome:
    advice.refresh_from_db()
    return Outcome(advice.outcome)


def change(region: Region, clock: Clock, **changes: Any) -> None:
    staff = User.objects.filter(is_superuser=True).first() or make_staff("Sam")
    change_policy(region, actor=staff, reason="A trial", now=clock.now, **changes)
