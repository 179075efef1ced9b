"""No row is missed that becomes visible after later ones were read, and what was read is not read for ever."""

from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from insights.facts import marks
from insights.facts.models import Counting, HourFacts
from insights.facts.services import FACTS, count
from regions.models import Region
from requests_app.models import CheerRequest
from tests.cast import Clock, in_threads, make_user, queue

pytestmark = pytest.mark.django_db(transaction=True)


def counted() -> int:
    return sum(HourFacts.objects.values_list("requests", flat=True))


def settle(clock: Clock) -> None:
    """Count until what was read first can be settled, if nobody is still writing."""
    for _ in range(3):
        count(clock.now)
        clock.advance(marks.SLACK.total_seconds() + 1)


def test_a_request_whose_transaction_commits_late_is_counted(nyc: Region, clock: Clock) -> None:
    """SQLite has one writer at a time; there, only the order of the two is different."""
    early, late = make_user("Early"), make_user("Late")
    written, go = Event(), Event()

    def write_and_wait() -> None:
        with transaction.atomic():
            queue(early)
            written.set()
            if connection.vendor == "postgresql":
                go.wait(30)

    def count_meanwhile() -> None:
        written.wait(30)
        queue(late)
        settle(clock)
        if connection.vendor == "postgresql":
            assert counted() == 2
        go.set()

    queue(make_user("First"))
    settle(clock)
    in_threads(write_and_wait, count_meanwhile)
    count(clock.now)
    assert counted() == CheerRequest.objects.count() == 3


def test_rows_are_read_again_until_nobody_can_have_written_before_them(
    nyc: Region, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PostgreSQL tells of the transactions in all of a server's databases, so also of what other tests write.
    monkeypatch.setattr(marks, "_transactions", lambda: (None, None))
    queue(make_user("Ada"))
    count(clock.now)
    assert Counting.objects.get(pk=FACTS).marks["settled"] is None
    clock.advance(marks.SLACK.total_seconds())
    count(clock.now)
    settled = Counting.objects.get(pk=FACTS).marks["settled"]
    clock.advance(7200)
    queue(make_user("Grace"))
    touched = marks.touched_since(settled)
    assert {len(found) for found in touched.requests.values()} == {1}
    count(clock.now)
    assert counted() == 2


def test_marks_of_another_server_count_as_settled(nyc: Region, clock: Clock) -> None:
    """A backup that was restored elsewhere goes on with other numbers of transactions."""
    now = clock.now
    reading: dict[str, Any] = {**marks.read_ends(now).stored, "xid": 2**60}
    assert not marks.is_settled(reading, now)
    assert marks.is_settled(reading, now + marks.SLACK)
    assert marks.is_settled({**reading, "xid": None}, now + marks.SLACK + timedelta(seconds=1))
