"""Honest people: the rules hardly ever flag them."""

import os
from collections import Counter
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from regions.models import Region
from rides.models import Ride
from rides.states import RideStatus
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import Clock
from tests.cheating.honest import Town

RIDES = int(os.environ.get("HONEST_RIDES", "60"))
FLAGS_IN_A_THOUSAND = (
    5  # fewer than these; of fewer rides, one may be flagged by chance, as a tunnel after an accept is
)
SEED = 12


@pytest.fixture
def clock(clock: Clock) -> Clock:
    """The hour is part of what a seed decides: how many reports a drive has depends on it."""
    clock.now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    return clock


def found() -> Counter[str]:
    """How often each rule has fired. A partner's first payout is flagged without suspicion."""
    flags = Flag.objects.exclude(kind=FlagKind.FIRST_PAYOUT).values_list("kind", "times")
    return Counter({kind: sum(n for each, n in flags if each == kind) for kind, _ in flags})


@pytest.mark.timeout(300 + RIDES)
def test_a_thousand_honest_rides_raise_fewer_than_five_flags(nyc: Region, clock: Clock) -> None:
    """Fewer rides unless `HONEST_RIDES=1000` says so, and as many flags in proportion."""
    Town(nyc, clock, seed=SEED).live(RIDES)
    assert Ride.objects.filter(status=RideStatus.COMPLETED).count() == RIDES
    assert sum(found().values()) < max(2, FLAGS_IN_A_THOUSAND * RIDES / 1000), found()


@pytest.mark.parametrize(
    ("rule", "figure", "kind"),
    [
        ("LINK_SCORE_LIMIT", 20, FlagKind.LINKED_ACCOUNTS),
        ("POSITION_SPEED_MAX_MPS", 0.5, FlagKind.IMPLAUSIBLE_POSITION),
        ("MIN_SESSION_S", 300, FlagKind.SESSION_TOO_SHORT),
    ],
)
def test_a_rule_that_is_too_strict_is_noticed(
    nyc: Region, clock: Clock, settings: Settings, rule: str, figure: float, kind: FlagKind
) -> None:
    setattr(settings, rule, figure)
    if kind == FlagKind.IMPLAUSIBLE_POSITION:
        settings.POSITION_ALLOWANCE_M = 20.0
    Town(nyc, clock, seed=SEED).live(12)
    assert found()[kind]
