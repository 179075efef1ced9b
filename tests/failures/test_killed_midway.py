"""A process is killed at any line: before any statement or call to Valkey, before or after any commit.

Either nothing of what it was doing has happened or all of it, and what goes on by itself, or a client who tries
again, brings it to its end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, User
from core import valkey
from ops.sweep import sweep_deadlines, sweep_presence
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.services import cancel_request
from requests_app.states import OfferStatus, RequestStatus
from requests_app.tasks import match_region
from rides.models import Ride
from tests.cast import (
    Clock,
    accept,
    arrive,
    at,
    client_of,
    come,
    end,
    fresh,
    match,
    open_offer,
    queue,
    report,
    start,
    submit,
)
from tests.failures.conftest import assert_promises_hold, go_on

pytestmark = pytest.mark.django_db(transaction=True)

STEPS_MAX = 200


class Killed(BaseException):
    """Where `kill -9` would have struck."""


class Gallows:
    """Counts the points at which a process may die, and kills it at one of them."""

    def __init__(self, at: int) -> None:
        self.at, self.passed = at, 0

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at and connection.connection is not None:
            connection.connection.close()
        if self.passed >= self.at:  # the dead do nothing more, whatever they would have caught
            raise Killed

    def statement(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.point()
        return execute(*arguments)

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            self.point()
            return call(*arguments, **options)

        return guarded

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*arguments: Any, **options: Any) -> Any:
            self.point()
            result = call(*arguments, **options)
            self.point()
            return result

        return guarded


@contextmanager
def killed_at(point: int) -> Iterator[Gallows]:
    """Kill what happens inside at its `point`-th point. What the database does then is to end the transaction."""
    gallows = Gallows(point)
    calls = valkey.RetryOnce.call_with_retry
    try:
        with (
            connection.execute_wrapper(gallows.statement),
            patch.object(connection, "commit", gallows.around(connection.commit)),
            patch.object(valkey.RetryOnce, "call_with_retry", gallows.before(calls)),
        ):
            yield gallows
    except BaseException:
        if gallows.passed < gallows.at:
            raise
        if connection.connection is not None:
            connection.connection.close()
        connection.connect()


def each_point(
    step: Callable[[], object], recovered: Callable[[], None], prepare: Callable[[], None], *, every: int = 1
) -> int:
    """Kill `step` at its first point, its second and so on, each time from a scene of its own; answers how many."""
    for point in range(1, STEPS_MAX, every):
        prepare()
        with killed_at(point) as gallows:
            step()
        recovered()
        if gallows.passed < point:
            return point - 1
    raise AssertionError("It never ends.")


# ---------------------------------------------------------------- the worker


def test_the_worker_in_the_middle_of_matching(nyc: Region, user: User, partner: Partner, clock: Clock) -> None:
    asked: list[CheerRequest] = []

    def prepare() -> None:
        asked.append(queue(user))
        clock.advance(1)
        report(partner, (40.7484, -73.9857))

    def recovered() -> None:
        go_on()
        offers = Offer.objects.filter(request=asked[-1])
        assert [offer.status for offer in offers] == [OfferStatus.PENDING]
        assert fresh(asked[-1]).status == RequestStatus.OFFERED
        clock.advance(1)
        cancel(asked[-1])

    points = each_point(lambda: match_region("nyc"), recovered, prepare)
    assert points > 15
    assert_promises_hold()


def cancel(request: CheerRequest) -> None:
    cancel_request(request.user, request.pk, reason="", now=timezone.now())


# ---------------------------------------------------------------- the web


class Client:
    """Somebody whose call is cut off, and who makes it again with the same key."""

    def __init__(self, api: APIClient, path: str, body: Callable[[], dict[str, Any]]) -> None:
        self.api, self.path, self.body = api, path, body
        self.key = ""

    def prepare(self) -> None:
        self.key = str(uuid4())

    def call(self) -> Any:
        return self.api.post(self.path, self.body(), headers={"Idempotency-Key": self.key})


def test_the_web_in_the_middle_of_taking_a_request(nyc: Region, user: User) -> None:
    client = Client(client_of(user), "/cheerRequest", lambda: {"location": at((40.7484, -73.9857))})

    def recovered() -> None:
        answer = client.call()
        assert answer.status_code == 201, answer.content
        assert CheerRequest.objects.filter(status=RequestStatus.PENDING).count() == 1
        cancel(CheerRequest.objects.get(pk=answer.json()["requestId"]))

    assert each_point(client.call, recovered, client.prepare) >= 15
    assert_promises_hold()


def test_the_web_in_the_middle_of_a_ride(nyc: Region, user: User, partner: Partner, clock: Clock) -> None:
    """Acceptance, start and end, each cut off at any point: one ride and one payment for each request."""
    api, rides = client_of(partner.user), []

    def offered() -> Offer:
        sweep_presence(clock.now)
        report(partner, (40.7484, -73.9857))
        request = submit(user)
        match(nyc)
        return open_offer(request)

    def scene(stage: str) -> tuple[str, dict[str, Any]]:
        offer = offered()
        if stage == "rideAccept":
            return "/rideAccept", {"offerId": str(offer.pk)}
        ride = accept(offer)
        if stage == "rideArrive":
            come(ride)
        if stage == "rideStart":
            arrive(ride)
        if stage == "rideEnd":
            start(ride)
        return f"/{stage}", {"rideId": str(ride.pk)}

    for stage, status in (("rideAccept", 201), ("rideArrive", 200), ("rideStart", 200), ("rideEnd", 200)):
        body: dict[str, Any] = {}
        client = Client(api, f"/{stage}", lambda body=body: body)  # type: ignore[misc]

        def prepare(stage: str = stage, body: dict[str, Any] = body, client: Client = client) -> None:
            clock.advance(1)
            client.prepare()
            body.clear()
            body.update(scene(stage)[1])

        def recovered(client: Client = client, status: int = status) -> None:
            answer = client.call()
            assert answer.status_code == status, answer.content
            ride = Ride.objects.get(pk=answer.json()["rideId"])
            rides.append(finish(ride))

        assert each_point(client.call, recovered, prepare, every=2) > 15
    assert_promises_hold()
    for ride in rides:
        assert [payment.amount for payment in ride.payments.all()] == [1000]


def finish(ride: Ride) -> Ride:
    """Bring a ride to its end from wherever it is."""
    if ride.status == "en_route":
        ride = start(ride)
    return end(ride) if ride.status == "in_progress" else ride


# ---------------------------------------------------------------- the sweep


def test_the_sweep_in_the_middle_of_an_expiry(nyc: Region, user: User, partner: Partner, clock: Clock) -> None:
    asked: list[CheerRequest] = []

    def prepare() -> None:
        sweep_presence(clock.now)
        report(partner, (40.7484, -73.9857))
        asked.append(submit(user))
        match(nyc)
        clock.now = open_offer(asked[-1]).expires_at

    def recovered() -> None:
        clock.advance(1)
        sweep_deadlines(clock.now)
        assert [offer.status for offer in asked[-1].offers.all()] == [OfferStatus.EXPIRED]
        assert fresh(partner).status == "available"
        cancel(asked[-1])

    assert each_point(lambda: sweep_deadlines(timezone.now()), recovered, prepare) > 15
    assert_promises_hold()
