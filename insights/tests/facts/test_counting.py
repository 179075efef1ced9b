"""Facts say what the rows say, whatever was counted before, and in whatever order the rows came."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Partner
from insights.facts import marks, services
from insights.tests.facts import naive
from insights.tests.facts.worlds import World, in_any_order, partner_steps, request_steps
from regions.models import Region
from tests.cast import make_partner, make_user

pytestmark = pytest.mark.django_db

# Around these moments clocks are set forward or back, by an hour, or half an hour at Lord Howe; two never are.
MOMENTS = [
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Asia/Kolkata", datetime(2026, 6, 1, 18, 30, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 6, 1, 18, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
]
LIVES = 6
LAST = timedelta(days=31, hours=5)


@pytest.fixture
def people(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Users and partners, and marks that are settled as soon as they are made, as without other writers."""
    monkeypatch.setattr(marks, "SLACK", timedelta(0))
    monkeypatch.setattr(marks, "_transactions", lambda: (None, None))
    users = [make_user(f"Uma {number}") for number in range(LIVES)]
    partners = [make_partner(f"Pia {number}") for number in range(LIVES + 2)]
    for partner in partners:
        partner.transitions.all().delete()
    Partner.objects.update(status="offline", region=nyc)
    return users, partners


def same_as_the_rows(now: datetime) -> None:
    facts, money, supply = naive.stored()
    assert facts == naive.requests()
    assert money == naive.money()
    assert supply == naive.supply(now)


@given(random=st.randoms(use_true_random=False), where=st.sampled_from(MOMENTS))
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_facts_are_what_the_rows_say_for_any_order_of_events(
    people: Any, nyc: Region, random: Random, where: tuple[str, datetime]
) -> None:
    zone, around = where
    users, partners = people
    with transaction.atomic():
        Region.objects.filter(pk=nyc.pk).update(time_zone=zone)
        starts = [around + timedelta(minutes=random.randrange(-150, 150), microseconds=1) for _ in range(LIVES + 2)]
        world = World(random, around - timedelta(hours=1))
        lives = [
            request_steps(user, partner, nyc, at, world)
            for user, partner, at in zip(users, partners, starts, strict=False)
        ]
        lives += [partner_steps(partner, at, world) for partner, at in zip(partners, starts, strict=True)]
        last = around + LAST
        in_any_order(lives, world, lambda: services.count(world.now))
        services.count(last)
        same_as_the_rows(last)
        services.count(last)
        same_as_the_rows(last)
        services.rebuild(now=last)
        same_as_the_rows(last)
        transaction.set_rollback(True)
