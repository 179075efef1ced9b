"""A locked row keeps nobody from committing a row that points at it: the check of the foreign key does not wait."""

import re
from collections.abc import Callable
from threading import Barrier
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction

from accounts.models import User
from core import rows
from notifications.events import user_recipient
from notifications.models import Stream
from payments.models import Hold
from payments.provider.collecting import step_hold
from payments.states import HoldStatus
from regions.models import Region
from requests_app import locks, services
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import fresh, in_threads, submit
from tests.online import Online
from tests.races.stage import now, violations

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite locks no rows"),
]

WAIT_S = 30.0


def meeting(model: type[models.Model], both: Barrier, step: Callable[[], Any]) -> Any:
    """Run a step, which waits for the other one as soon as it has locked a row of a model."""
    locking = re.compile(rf'^SELECT .* FROM "{model._meta.db_table}" .* FOR (NO KEY )?UPDATE', re.DOTALL)  # noqa: S608
    met = []

    def execute_and_meet(execute: Any, sql: str, *arguments: Any) -> Any:
        done = execute(sql, *arguments)
        if not met and locking.search(sql):
            met.append(sql)
            both.wait(WAIT_S)
        return done

    with connection.execute_wrapper(execute_and_meet):
        result = step()
    assert met
    return result


def test_a_request_is_cancelled_while_its_hold_is_answered(online: Online, user: User, nyc: Region) -> None:
    """Each has locked its first row when the other goes on: the cancellation the request, the answer the hold.

    The answer changes its hold twice, so that the foreign keys of the hold are checked once more at the commit.
    """
    online.save_card(user)
    request = submit(user)
    hold, both = Hold.objects.get(request=request), Barrier(2)
    cancelled, answered = in_threads(
        lambda: (
            meeting(CheerRequest, both, lambda: services.cancel_request(user, request.pk, reason="", now=now())).status
        ),
        lambda: meeting(Hold, both, lambda: step_hold(hold.pk)),
    )
    assert (cancelled, answered) == (RequestStatus.CANCELLED, None)
    online.work()
    assert (fresh(hold).status, online.held()) == (HoldStatus.RELEASED, 0)
    assert violations() == []


def waits_for(row: models.Model) -> bool:
    """Whether a row that points at this one could not be committed now by another transaction."""
    table, key = connection.ops.quote_name(row._meta.db_table), connection.ops.quote_name(row._meta.pk.column)

    def look() -> bool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE {key} = %s FOR KEY SHARE SKIP LOCKED", [row.pk])  # noqa: S608
            return cursor.fetchone() is None

    [found] = in_threads(look)
    assert isinstance(found, bool), found
    return found


def test_locks_let_rows_point_at_what_they_lock(ride: Ride, nyc: Region) -> None:
    request, partner, using = ride.request, ride.partner, DEFAULT_DB_ALIAS
    stream = Stream.objects.get(pk=user_recipient(request.user_id))
    takings: list[tuple[Callable[[], Any], models.Model]] = [
        (lambda: locks.lock_request(request.pk), request),
        (lambda: locks.lock_with_ride(ride.pk), partner),
        (lambda: rows.lock_in_order(Stream, [stream.pk], using=using), stream),
        (
            lambda: rows.lock_first(
                User, [request.user_id], using=using, having={}, other_than={}, unless=(Region, {"slug": "nowhere"})
            ),
            request.user,
        ),
    ]
    for take, row in takings:
        with transaction.atomic():
            assert take()
            assert not waits_for(row)
    with transaction.atomic():
        CheerRequest.objects.select_for_update().get(pk=request.pk)
        assert waits_for(request)
