"""Every list costs the same number of queries, however many rows it has."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from regions.models import Region
from requests_app.dead_letters import dead_letter
from requests_app.services import cancel_request
from rides.services import tip_ride
from tests.cast import Clock, accept, client_of, end, make_partner, make_user, match, open_offer, start, submit

LISTS = ["/cheerRequest", "/ride", "/payment", "/scheduledRequest", "/savedPlace"]


def lives(user: User, region: Region, clock: Clock) -> None:
    """A request for each end that it may come to: completed with a tip, cancelled early and late, given up."""
    submit(user, now=clock.advance(1))
    match(region)
    done = end(start(accept(open_offer(user.cheer_requests.latest("created_at")))))
    tip_ride(done, amount=100, currency="usd", now=clock.advance(1))
    early = submit(user, now=clock.advance(1))
    cancel_request(user, early.pk, reason="", now=clock.now)
    late = submit(user, now=clock.advance(1))
    match(region)
    accept(open_offer(late))
    cancel_request(user, late.pk, reason="", now=clock.now)
    gone = submit(user, at=(40.60, -74.20), now=clock.now - timedelta(hours=1))
    dead_letter(gone.pk, now=clock.now)


def queries(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    assert answer.status_code == 200, answer
    return len(captured)


@pytest.mark.parametrize("path", LISTS)
def test_lists(path: str, nyc: Region, clock: Clock) -> None:
    user = make_user("Lister")
    make_partner("Pia")
    lives(user, nyc, clock)
    api = client_of(user)
    few = queries(api, path)
    for _ in range(3):
        lives(user, nyc, clock)
    submit(user, now=clock.advance(1))
    match(nyc)
    assert queries(api, path) <= few + 1  # the one open request may ask for what only it has
    accept(open_offer(user.cheer_requests.latest("created_at")))
    assert queries(api, path) <= few + 1
