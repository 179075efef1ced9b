"""Opening a page about a person is recorded in the chain, once an hour for each person and member of staff."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Partner, User
from backoffice import chain, looking
from backoffice.base import StaffAdmin
from backoffice.models import LOOKED, StaffAction
from backoffice.tests.desk import desk_of, page_of, take, url_of
from core import security_log
from core.security_log import pseudonym
from payments.models import Payment
from requests_app.models import Offer, RequestType
from rides.models import Ride
from tests.cast import Clock, client_of, in_threads, make_clerk, make_staff, make_user
from tests.fuzz.world import rolled_back
from tests.planning import by_index

POSTGRES = connection.vendor == "postgresql"


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def unrecorded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The lines of the security log about opened pages that could not be recorded."""
    told: list[dict[str, Any]] = []

    def record(event: str, outcome: str, **more: Any) -> None:
        security_log.record(event, outcome, **more)
        told.append({"event": event, "outcome": outcome, **more})

    monkeypatch.setattr(looking, "record", record)
    return told


def looks() -> list[tuple[str, str]]:
    """At whom it was looked, on which page, in order."""
    rows = StaffAction.objects.filter(action=LOOKED).order_by("number")
    return [(row.subject, row.detail) for row in rows]


def wrong() -> list[str]:
    (check,) = chain.CHECKS
    return check.look(timezone.now()).examples


# ---------------------------------------------------------------- what is recorded


def test_it_says_who_looked_at_whom_and_from_where(desk: Client, staff: User, user: User) -> None:
    assert desk.get(page_of(user), REMOTE_ADDR="203.0.113.9").status_code == 200
    action = StaffAction.objects.get()
    assert (action.actor, action.channel, action.action) == (staff, "admin", "looked")
    assert (action.kind, action.subject, action.detail) == ("accounts.user", str(user.pk), f"accounts.user {user.pk}")
    assert action.address == pseudonym("203.0.113.9")
    assert len(action.call) == 32
    assert not wrong()


def test_pages_of_a_partner_a_request_a_ride_and_a_payment_are_about_people(
    staff: User, completed: Ride, partner: Partner, user: User, clock: Clock
) -> None:
    theirs = {str(user.pk), str(partner.user_id)}
    offer = Offer.objects.get(request=completed.request)
    payment = Payment.objects.get(ride=completed)
    for row, people in (
        (partner, {str(partner.user_id)}),
        (completed.request, theirs),
        (offer, {str(partner.user_id)}),
        (completed, theirs),
        (payment, theirs),
    ):
        clock.advance(3601)
        before = len(looks())
        assert desk_of(staff).get(page_of(row)).status_code == 200
        assert {person for person, _ in looks()[before:]} == people, row
        assert {page for _, page in looks()[before:]} == {f"{row._meta.label_lower} {row.pk}"}
    assert not wrong()


def test_the_history_of_a_person_is_a_page_about_them(desk: Client, user: User) -> None:
    desk.get(url_of(User, "history", user.pk))
    assert [person for person, _ in looks()] == [str(user.pk)]


def test_a_page_about_nobody_is_not_recorded(desk: Client, staff: User, nyc: object) -> None:
    desk.get(page_of(RequestType.objects.get(slug="pep_talk")))
    desk.get(page_of(staff))  # oneself
    desk.get(url_of(User, "changelist"))
    assert looks() == []


def test_who_is_refused_has_seen_nobody(user: User) -> None:
    assert desk_of(make_clerk("Hal")).get(page_of(user)).status_code == 403
    assert looks() == []


def test_requests_and_rides_over_the_api(
    completed: Ride, partner: Partner, user: User, staff: User, user_api: Any
) -> None:
    for address in (f"/cheerRequest/{completed.request_id}", f"/ride/{completed.pk}"):
        assert user_api.get(address).status_code == 200
        assert looks() == [] or address.startswith("/ride")
        assert client_of(staff).get(address).status_code == 200
    assert looks() == [
        (str(user.pk), f"requests_app.cheerrequest {completed.request_id}"),
        (str(partner.user_id), f"rides.ride {completed.pk}"),
    ]
    assert set(StaffAction.objects.values_list("channel", flat=True)) == {"api"}


def test_every_page_of_the_admin_that_shows_a_row_records_it() -> None:
    others = [type(page).__name__ for page in admin.site._registry.values() if not isinstance(page, StaffAdmin)]
    assert others == ["GroupAdmin"]  # a set of rights


# ---------------------------------------------------------------- once an hour


def test_a_reload_is_no_row(staff: User, user: User, clock: Clock) -> None:
    for _ in range(3):
        desk_of(staff).get(page_of(user))
    clock.advance(3599)
    desk_of(staff).get(page_of(user))
    assert len(looks()) == 1
    clock.advance(2)
    desk_of(staff).get(page_of(user))
    assert len(looks()) == 2


def test_each_member_of_staff_and_each_person_counts(desk: Client, user: User, other_user: User) -> None:
    desk.get(page_of(user))
    desk.get(page_of(other_user))
    desk_of(make_staff("Second")).get(page_of(user))
    assert [person for person, _ in looks()] == [str(user.pk), str(other_user.pk), str(user.pk)]


def test_a_step_is_another_thing(desk: Client, user: User) -> None:
    take(desk, user, "deactivate", reason="Rude")
    assert list(StaffAction.objects.order_by("number").values_list("action", flat=True)) == ["deactivate", LOOKED]


def test_a_reload_costs_one_statement_by_the_index(desk: Client, user: User) -> None:
    desk.get(page_of(user))
    with CaptureQueriesContext(connection) as said:
        desk.get(page_of(user))
    (asked,) = [query["sql"] for query in said if "backoffice_staffaction" in query["sql"]]
    if POSTGRES:
        with by_index(), connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {asked}")
            assert "staff_action_looked" in str(cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_time_are_one_row_and_one_chain(staff: User) -> None:
    people = [make_user(f"Una {number}") for number in range(2)]
    desks = [desk_of(staff) for _ in range(3)]
    in_threads(
        *(lambda desk=desk, each=each: desk.get(page_of(each)) for desk in desks for each in people),
    )
    assert sorted(person for person, _ in looks()) == sorted(str(each.pk) for each in people)
    assert list(StaffAction.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert not wrong()


# ---------------------------------------------------------------- the page is shown all the same


@contextmanager
def read_only() -> Iterator[None]:
    """A database that takes no writes."""
    with rolled_back(), connection.cursor() as cursor:
        cursor.execute("SET transaction_read_only = on" if POSTGRES else "PRAGMA query_only = on")
        yield
        if not POSTGRES:
            cursor.execute("PRAGMA query_only = off")


def test_a_database_that_takes_no_writes(
    desk: Client, user: User, unrecorded: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    desk.get(url_of(User, "changelist"))  # the session is saved by the first page
    with read_only():
        page = desk.get(page_of(user))
    assert page.status_code == 200
    assert user.email in page.content.decode()
    assert looks() == []
    (line,) = unrecorded
    assert (line["event"], line["outcome"], line["subjects"]) == ("looked", "failed", [pseudonym(user.pk)])
    assert user.email not in caplog.text


def test_an_end_of_the_chain_that_is_held(
    desk: Client, user: User, unrecorded: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def held(using: str) -> None:
        raise DatabaseError("canceling statement due to lock timeout")

    with monkeypatch.context() as patch:
        patch.setattr(looking, "lock_end", held)
        assert desk.get(page_of(user)).status_code == 200
    assert [line["code"] for line in unrecorded] == ["DatabaseError"]
    desk.get(page_of(user))
    assert len(looks()) == 1


@pytest.mark.skipif(not POSTGRES, reason="only PostgreSQL lets others wait for a lock of one row")
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_long_for_the_end_of_the_chain(
    desk: Client, user: User, unrecorded: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "WAIT", "20ms")
    with transaction.atomic():
        chain.lock_end("default")
        (page,) = in_threads(lambda: desk.get(page_of(user)), timeout_s=8)  # less than DATABASE_LOCK_WAIT_S
    assert page.status_code == 200
    assert [line["code"] for line in unrecorded] == ["OperationalError"]
    assert looks() == []
