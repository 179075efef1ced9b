"""The staff page's counts: one publisher for every open page."""

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from core import valkey
from notifications.hub import Hub
from notifications.tests.sockets.client import STAFF, USER, Socket, aside, subscribed
from ops import dashboard, sweep
from ops.dashboard import COUNTS_KEY, latest_counts, publish_counts
from tests.cast import make_staff, submit, token_of

pytestmark = pytest.mark.django_db(transaction=True)


def publish() -> None:
    publish_counts(timezone.now())


async def opened(staff: User, own_hub: Hub) -> Socket:
    socket = Socket(STAFF, await aside(token_of)(staff))
    await socket.open()
    await subscribed(own_hub)
    return socket


async def test_every_page_of_every_member_hears_of_a_change(staff: User, user: User, own_hub: Hub) -> None:
    other = await aside(make_staff)("Otis")
    sockets = [await opened(who, own_hub) for who in (staff, staff, other)]
    await aside(submit)(user)
    await aside(publish)()
    for socket in sockets:
        assert (await socket.expect("counts"))["counts"]["requests"] == {"pending": 1}
        await socket.leave()


async def test_users_hear_nothing_of_it(staff: User, user: User, own_hub: Hub) -> None:
    socket = Socket(USER, await aside(token_of)(user))
    await socket.open()
    await subscribed(own_hub)
    await aside(publish)()
    await aside(submit)(user)
    assert (await socket.next())["type"] == "request.updated"
    await socket.leave()


async def test_what_has_not_changed_is_not_sent_again(staff: User, user: User, own_hub: Hub) -> None:
    socket = await opened(staff, own_hub)
    await aside(publish)()
    await aside(publish)()
    await socket.expect("counts")
    await aside(submit)(user)
    await aside(publish)()
    assert (await socket.next())["counts"]["requests"] == {"pending": 1}
    await socket.leave()


def test_pages_that_open_count_nothing_themselves(staff: User) -> None:
    publish()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        counts = [latest_counts() for _ in range(50)]
    assert (len(queries), counts[0]["requests"]) == (0, {})


def test_without_a_sweep_they_count_for_themselves(staff: User, user: User) -> None:
    submit(user)
    valkey.client().delete(COUNTS_KEY)
    assert latest_counts()["requests"] == {"pending": 1}


async def test_a_database_error_ends_nothing(
    staff: User, user: User, own_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await opened(staff, own_hub)
    sweeper = sweep.Sweeper()

    def fail() -> None:
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(dashboard, "live_counts", fail)
        patch.setattr(sweep, "PASSES", [(publish_counts, 0.0)])
        await aside(sweeper.run_due)()
    await aside(submit)(user)
    await aside(publish)()
    assert (await socket.expect("counts"))["counts"]["requests"] == {"pending": 1}
    await socket.leave()
