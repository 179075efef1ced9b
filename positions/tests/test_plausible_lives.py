"""Random walks and drives: an honest one is hardly ever held back, and a teleport always is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
from django.conf import settings

import positions
from positions import Position, Report
from simulator.habits import LIFELIKE
from simulator.movement import Leg, Place, distance_m, near

HOME = Place(40.7484, -73.9857)
SPEEDS = (0.0, 1.4, 4.0, 9.0, 20.0, 36.0)  # standing, walking, cycling, in the city, on a highway, on a fast one
LEGS = 60
SEEDS = range(6)

Step = tuple[Place, float, float]  # where, when recorded and when received, in seconds


def life(rng: Random) -> Iterator[Step]:
    """A partner's reports over some hours: errors of the device, late reports, and gaps, as in tunnels."""
    here, now = HOME, 0.0
    error = rng.choice([3.0, 10.0, 30.0])
    for _ in range(LEGS):
        speed, goal = rng.choice(SPEEDS), near(here, rng.choice([100, 2000, 8000]), rng)
        takes_s = distance_m(here, goal) / speed if speed else rng.uniform(10, 300)
        leg = Leg(here, goal if speed else here, now, takes_s)
        while now < leg.until:
            gap = rng.uniform(30, 600) if rng.random() < 0.01 else 0.0
            now += gap or LIFELIKE.position_every_s * rng.uniform(0.2, 1.1)
            late = rng.uniform(0, 15) if rng.random() < 0.05 else rng.uniform(0, 0.5)
            yield near(leg.at(now), error * (4 if rng.random() < 0.01 else 1), rng), now, now + late
        here = leg.at(now)


def tell(steps: Iterator[Step]) -> Iterator[tuple[Step, bool]]:
    """Report each step; says whether it was used. Those overtaken by later ones are left out, since any are dropped."""
    began, someone, newest = datetime(2026, 5, 1, tzinfo=UTC), uuid4(), -1.0
    for place, recorded, received in steps:
        if recorded <= newest:
            continue
        newest = recorded
        at, got = (began + timedelta(seconds=seconds) for seconds in (recorded, received))
        [answer] = positions.record_many("x", [Report(someone, Position(place.lat, place.lng, at), got)])
        yield (place, recorded, received), answer.applied


@pytest.mark.parametrize("seed", SEEDS)
def test_an_honest_life_is_hardly_ever_held_back(seed: int) -> None:
    told = list(tell(life(Random(seed))))
    assert len(told) > 500
    assert sum(not used for _, used in told) <= len(told) / 1000


@pytest.mark.parametrize("seed", SEEDS)
def test_a_teleport_is_always_held_back(seed: int) -> None:
    rng = Random(seed)
    teleports: set[int] = set()

    def lying() -> Iterator[Step]:
        for number, (place, recorded, received) in enumerate(life(rng)):
            yield place, recorded, received
            if number % 50 == 49:
                reach = settings.POSITION_SPEED_MAX_MPS * 22 + 2 * settings.POSITION_ALLOWANCE_M
                away = near(Place(place.lat + 0.1, place.lng), reach, rng)
                teleports.add(round((recorded + 0.05) * 1000))
                yield away, recorded + 0.05, received + rng.uniform(0.05, 2)

    judged = [used for (_, recorded, _), used in tell(lying()) if round(recorded * 1000) in teleports]
    assert len(judged) >= 10
    assert not any(judged)
