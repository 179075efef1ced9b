"""What a test starts from: its surroundings, places and people, and how far a request has come. A pytest plugin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.transaction import Atomic
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, User
from core.valkey import client
from notifications.limits import floods
from ops import seed as demo
from regions.models import Region
from regions.selectors import forget_regions, forget_terms
from requests_app.models import CheerRequest, Offer
from requests_app.selectors import request_types_by_slug
from rides.models import Ride
from tests.cast import (
    Clock,
    accept,
    client_of,
    end,
    make_partner,
    make_staff,
    make_user,
    match,
    north,
    open_offer,
    queue,
    start,
)
from tests.other_regions import make_boston

# ---------------------------------------------------------------- surroundings


@pytest.fixture(autouse=True)
def _clean_slate() -> None:
    """Each test starts with an empty Valkey, and with nothing kept of the database before."""
    client().flushall()
    floods.clear()
    forget_regions()
    forget_terms()
    request_types_by_slug.forget()


@pytest.fixture(autouse=True)
def _commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the commit runs when the outermost transaction inside the test's own ends.

    Most tests run in a transaction that is rolled back, in which Django would never run it.
    """
    leave = Atomic.__exit__

    def leave_and_commit(self: Atomic, *exception: Any) -> None:
        leave(self, *exception)
        blocks = connection.atomic_blocks
        if blocks and all(block._from_testcase for block in blocks):
            run_commit_hooks()

    monkeypatch.setattr(Atomic, "__exit__", leave_and_commit)


def run_commit_hooks() -> None:
    """Run what waits for the commit."""
    while connection.run_on_commit:
        waiting, connection.run_on_commit = connection.run_on_commit, []
        for entry in waiting:
            entry[1]()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.now)
    return clock


# ---------------------------------------------------------------- places and people


@pytest.fixture
def nyc(db: None) -> Region:
    """New York City and the kinds of cheer."""
    demo.seed_request_types()
    return demo.seed_region()


@pytest.fixture
def boston(nyc: Region) -> Region:
    """Another region, with the same rules."""
    return make_boston(nyc)


@pytest.fixture
def user(nyc: Region) -> User:
    return make_user("Ada")


@pytest.fixture
def other_user(nyc: Region) -> User:
    return make_user("Grace")


@pytest.fixture
def outsider(nyc: Region) -> User:
    """A user who takes part in nothing."""
    return make_user("Olga")


@pytest.fixture
def partner(nyc: Region) -> Partner:
    """Available, 500 m from where requests are made: the nearest."""
    return make_partner("Pia", at=north(500))


@pytest.fixture
def other_partner(nyc: Region) -> Partner:
    """Available, 1 km from where requests are made."""
    return make_partner("Quin", at=north(1000))


@pytest.fixture
def staff(nyc: Region) -> User:
    return make_staff("Stella")


@pytest.fixture
def anonymous(nyc: Region) -> APIClient:
    return client_of(None)


@pytest.fixture
def user_api(user: User) -> APIClient:
    return client_of(user)


@pytest.fixture
def other_user_api(other_user: User) -> APIClient:
    return client_of(other_user)


@pytest.fixture
def outsider_api(outsider: User) -> APIClient:
    return client_of(outsider)


@pytest.fixture
def partner_api(partner: Partner) -> APIClient:
    return client_of(partner.user)


@pytest.fixture
def other_partner_api(other_partner: Partner) -> APIClient:
    return client_of(other_partner.user)


@pytest.fixture
def staff_api(staff: User) -> APIClient:
    return client_of(staff)


@pytest.fixture
def api_of(request: pytest.FixtureRequest) -> Callable[[str], APIClient]:
    """A client by the name of its fixture, for parametrised tests."""

    def find(who: str) -> APIClient:
        client: APIClient = request.getfixturevalue(who if who == "anonymous" else f"{who}_api")
        return client

    return find


# ---------------------------------------------------------------- how far a request has come


@pytest.fixture
def pending(user: User) -> CheerRequest:
    """The user's request, waiting for a partner."""
    return queue(user)


@pytest.fixture
def offer(nyc: Region, partner: Partner, pending: CheerRequest) -> Offer:
    """The user's request, offered to the partner."""
    match(nyc)
    offer = open_offer(pending)
    assert offer.partner == partner
    return offer


@pytest.fixture
def ride(offer: Offer) -> Ride:
    """The partner is on the way."""
    return accept(offer)


@pytest.fixture
def running(ride: Ride) -> Ride:
    """The session runs."""
    return start(ride)


@pytest.fixture
def completed(running: Ride) -> Ride:
    """The session is over."""
    return end(running)
