"""The snapshot for a staff page that has lost its socket: the same as the socket's first frame."""

import pytest
from django.test import Client

from accounts.models import Partner, User
from accounts.sessions import SEEN_AT
from backoffice.tests.desk import desk_of
from core import clock, valkey
from ops.live import publisher
from regions.models import Region
from tests.cast import make_clerk, submit
from tests.other_regions import limited_to

pytestmark = pytest.mark.django_db(transaction=True)
NOW = "/staff/now/"


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def publish() -> None:
    """A publisher that has just taken over."""
    valkey.client().delete(publisher.LEADER)
    live, now = publisher.Publisher(), clock.now()
    live.publish(now)
    live.count(now)
    live.publish(now)


def test_it_has_the_counts_and_the_map(desk: Client, user: User, partner: Partner) -> None:
    submit(user)
    publish()
    now = desk.get(NOW).json()
    assert now["live"]["now"]["nyc"]["requests"] == {"offered": 1}
    assert sorted(now["maps"]["nyc"]["states"]) == ["a", "o"]
    assert now["live"]["countedAt"] is None  # so that a page forgets that it was told of old counts


def test_it_has_what_its_reader_may_see(user: User, boston: Region) -> None:
    submit(user)
    publish()
    clerk = limited_to(make_clerk("Carl", "accounts.view_staff_page"), boston)
    now = desk_of(clerk).get(NOW).json()
    assert (list(now["live"]["now"]), now["maps"]) == (["boston"], {})


def test_it_does_not_keep_the_session_alive(desk: Client) -> None:
    desk.get("/staff/")
    session = desk.session
    session[SEEN_AT] -= 3600
    session.save()
    before = desk.session[SEEN_AT]
    assert desk.get(NOW).status_code == 200
    assert desk.session[SEEN_AT] == before
    desk.get("/staff/")
    assert desk.session[SEEN_AT] > before
