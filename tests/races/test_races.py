"""Every race has one winner, and the books balance afterwards, whatever the schedule.

`RACE_SEEDS=300 pytest tests/races` runs thousands of schedules instead of a few of each race.
"""

import os
from collections.abc import Callable
from random import Random

import pytest
from pytest_django import Settings

from accounts.models import Partner, User
from core.errors import Conflict, ServiceError
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app import services
from requests_app.matching.batch import match_batch
from requests_app.models import CheerRequest, Offer
from requests_app.serving import fulfilment
from requests_app.states import OPEN, OfferStatus
from rides.models import Ride
from tests.cast import accept, client_of, decline, end, in_threads, make_partner, make_user, north, start, submit
from tests.effort import tries
from tests.races.accounts_and_money import ACCOUNTS_AND_MONEY
from tests.races.arrival import ARRIVAL
from tests.races.credits import CREDITS
from tests.races.dispatch import DISPATCH
from tests.races.fulfilment import FULFILMENT
from tests.races.letters import LETTERS
from tests.races.referrals import REFERRALS
from tests.races.schedule import Schedule, Step
from tests.races.stage import Race, Stage, now, violations

pytestmark = pytest.mark.django_db(transaction=True)

SEEDS = int(os.environ.get("RACE_SEEDS", "0")) or tries(6)
RACES = [*DISPATCH, *FULFILMENT, *ARRIVAL, *ACCOUNTS_AND_MONEY, *CREDITS, *REFERRALS, *LETTERS]


@pytest.fixture(autouse=True)
def _friends_are_invited(settings: Settings) -> None:
    settings.REFERRAL_CREDITS, settings.REFERRALS_PER_YEAR = {"usd": 500}, 1


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_one_winner_and_the_books_balance(nyc: Region, staff: User, race: Callable[[Stage], Race]) -> None:
    for seed in range(SEEDS):
        stage = Stage(nyc, staff, str(seed))
        stage.clear()
        built = race(stage)
        built.judge(Schedule(seed).run(*built.steps))
    assert violations() == []


# ---------------------------------------------------------------- without a schedule, and many


def test_fifty_accepts_of_one_offer(nyc: Region, partner: Partner, offer: Offer) -> None:
    clients = [client_of(partner.user) for _ in range(50)]
    body = {"offerId": str(offer.pk)}
    responses = in_threads(*(lambda c=client: c.post("/rideAccept", body) for client in clients))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 49
    assert {response.json()["errors"][0]["code"] for response in responses if response.status_code == 409} == {
        "offer_taken"
    }
    assert Ride.objects.count() == 1
    assert violations() == []


def test_a_storm(nyc: Region, staff: User) -> None:
    """Users, partners, two matchers and a sweep, all at once and unscheduled; then everything is brought to an end."""
    users, partners = [make_user(f"U{n}") for n in range(6)], [make_partner(f"P{n}", at=north(-n)) for n in range(4)]

    def ask(user: User) -> None:
        for _ in range(4):
            try:
                request = submit(user)
                services.cancel_request(user, request.pk, reason="", now=now())
            except ServiceError:
                continue
        if not CheerRequest.objects.filter(user=user, status__in=OPEN).exists():  # else it was taken before its cancel
            submit(user)

    def serve(partner: Partner) -> None:
        random = Random(str(partner.pk))
        for _ in range(15):
            found = Offer.objects.filter(partner=partner, status=OfferStatus.PENDING).select_related("partner").first()
            if found is None:
                match_batch(nyc)
                continue
            try:
                if random.random() < 0.3:
                    decline(found)
                    continue
                ride = accept(found)
                if random.random() < 0.3:
                    fulfilment.cancel_by_partner(partner, ride.pk, reason="x", now=now())
                else:
                    end(start(ride))
            except Conflict:
                continue

    def sweep() -> None:
        for _ in range(10):
            sweep_deadlines(now())

    steps: list[Step] = [lambda u=user: ask(u) for user in users]
    steps += [lambda p=partner: serve(p) for partner in partners]
    outcomes = in_threads(*steps, sweep)
    assert [error for error in outcomes if error is not None] == []
    assert violations() == []
