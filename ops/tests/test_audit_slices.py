"""`manage.py audit` walks through very many rows in slices, each in a short snapshot of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from unittest.mock import Mock

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

import rides.audit
from backoffice.audit import Check
from ops.audit import all_checks
from ops.tests.audit_plants import NOW, PLANTS
from rides.models import Ride
from tests.cast import in_threads

LONG = ["payments_follow_from_their_attempts", "fares_are_right"]  # Python judges each of very many rows
SLICE = 4


@pytest.fixture
def past(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history of more rows than a slice has."""
    settings.DEBUG = True
    call_command("make_history", requests=30, stdout=StringIO())
    monkeypatch.setattr("backoffice.audit.CHUNK", SLICE)


def check_of(name: str) -> Check:
    return next(check for check in all_checks() if check.name == name)


@pytest.mark.django_db
@pytest.mark.parametrize("name", LONG)
def test_no_snapshot_of_a_long_check_sees_more_than_a_slice(
    name: str, past: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices: list[int] = []

    @contextmanager
    def counted() -> Iterator[None]:
        with CaptureQueriesContext(connection) as captured:
            yield
        slices.append(sum(f"LIMIT {SLICE}" in query["sql"] for query in captured))

    walked = check_of(name).look(NOW(), counted)
    assert max(slices) == 1
    assert sum(slices) == walked.looked_at // SLICE + 1
    monkeypatch.setattr("backoffice.audit.CHUNK", 1000)
    assert check_of(name).look(NOW()) == walked


@pytest.mark.django_db
@pytest.mark.parametrize("name", LONG)
def test_a_wrong_row_is_found_in_whatever_slice_it_is(name: str, past: None) -> None:
    check = check_of(name)
    assert not check.look(NOW()).wrong
    PLANTS[name]()
    found = check.look(NOW())
    assert found.wrong == len(found.examples) == 1


@pytest.mark.django_db(transaction=True)
def test_an_audit_that_is_cut_short_leaves_no_snapshot_behind(past: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = Mock(side_effect=[*[0] * SLICE, KeyboardInterrupt])  # in the second slice
    with monkeypatch.context() as patch:
        patch.setattr("rides.audit.fare", stopped)
        with pytest.raises(KeyboardInterrupt):
            call_command("audit", "--only", "fares_are_right", stdout=StringIO())
    assert not connection.in_atomic_block
    out = StringIO()
    call_command("audit", "--only", "fares_are_right", stdout=out)
    assert "promises hold" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_later_slice_sees_what_was_written_meanwhile(past: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot that lasted from the first slice on would not see it, and would keep removed rows on the disk."""
    judged = 0
    right = rides.audit._is_right

    def judge(ride: Ride) -> bool:
        nonlocal judged
        judged += 1
        if judged == SLICE:
            last = Ride.objects.filter(status="completed").order_by("-pk").values("pk")[:1]
            in_threads(
                lambda: Ride.objects.filter(pk__in=list(last.values_list("pk", flat=True))).update(fare_amount=1)
            )
        return right(ride)

    monkeypatch.setattr("rides.audit._is_right", judge)
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("audit", "--only", "fares_are_right", stdout=StringIO())
