"""Random lives of requests, offers, rides and partners, some short and some long."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from hypothesis.stateful import run_state_machine_as_test

from accounts.states import Application
from payments.models import Payment
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import OPEN, OfferStatus, RequestStatus
from rides.models import Ride
from rides.states import ACTIVE, RideStatus
from tests.effort import tries
from tests.lives import Lives


def test_random_lives(nyc: Region) -> None:
    run_state_machine_as_test(
        Lives,
        settings=hypothesis(
            max_examples=tries(12),
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def one_step(life: Lives, random: Random) -> None:
    """Something that can happen now, each kind as likely as the others that can."""
    asleep, stranger = random.random() < 0.1, random.random() < 0.1
    n = random.randrange(3)
    steps: list[Callable[[], None]] = [
        lambda: life.ask(random.randrange(2), random.choice([0, -1500, -6000]), asleep),
        lambda: life.go(n, random.choice(["available", "available", "offline"]), asleep),
        lambda: life.move(random.choice([0, -1000, -4000, -8000]), asleep),
        lambda: life.time_passes(random.choice([1, 10, 21, 125, 301, 601]), asleep),
    ]
    if CheerRequest.objects.filter(status__in=OPEN).exists() and random.random() < 0.3:
        steps.append(lambda: life.call_off(random.randrange(2), stranger, random.random() < 0.2, asleep))
    if Offer.objects.filter(status=OfferStatus.PENDING).exists():
        steps += [lambda: life.accept(n, stranger)] * 3 + [lambda: life.decline(asleep)]
    if Ride.objects.filter(status__in=ACTIVE).exists():
        kinds = ["start", "start", "end", "end", "end", "cancel"]
        steps += [lambda: life.go_on(n, random.choice(kinds), stranger, asleep)] * 3
    if Ride.objects.exists():
        steps.append(lambda: life.rate_and_tip(random.randint(1, 5)))
    if Payment.objects.exists():
        steps.append(life.take_cash)
    if CheerRequest.objects.filter(status=RequestStatus.NO_MATCH).exists():
        steps.append(lambda: life.requeue(asleep))
    if random.random() < 0.1:
        steps.append(lambda: life.release(n, asleep))
        steps.append(lambda: life.decide(n, random.choice([Application.APPROVED, Application.SUSPENDED])))
    random.choice(steps)()


@pytest.mark.parametrize("seed", range(tries(3)))
def test_long_lives(nyc: Region, seed: int) -> None:
    """As above, but long, and such that much comes about."""
    life, random = Lives(), Random(seed)
    try:
        for _ in range(120):
            one_step(life, random)
            life.requests_offers_rides_and_partners_agree()
            life.the_map_shows_who_is_available()
            life.nobody_is_asked_again_who_said_no()
        assert Ride.objects.filter(status=RideStatus.COMPLETED).exists()
    finally:
        life.teardown()
