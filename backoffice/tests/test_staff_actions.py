"""Each staff action is recorded in its own transaction, in a chain that shows whether somebody has changed it."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import Partner, User
from backoffice import chain, looking
from backoffice.base import Recorded
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, page_of, refusals, take, take_selected, url_of
from core.security_log import pseudonym
from payments.models import Payment
from requests_app.models import CheerRequest, RequestType
from rides.models import Ride
from tests.cast import client_of, fresh, in_threads, make_partner, make_user, unchanged
from web.privacy.deletion import delete_account

TABLE = "backoffice_staffaction"
SQLITE = connection.vendor == "sqlite"


@pytest.fixture(autouse=True)
def _nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that are opened on the way are no rows here; test_looking.py has them."""
    monkeypatch.setattr(looking, "looked", lambda *_, **__: None)


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def wrong() -> list[str]:
    """The numbers of the actions that the audit finds fault with."""
    (check,) = chain.CHECKS
    return check.look(timezone.now()).examples


def chained(count: int, staff: User) -> list[StaffAction]:
    """So many actions, the oldest first."""
    desk = desk_of(staff)
    for number in range(count):
        take(desk, make_user(f"Una {number}"), "deactivate", reason=f"reason {number}")
    return list(StaffAction.objects.order_by("number"))


# ---------------------------------------------------------------- what is recorded


def test_a_step_says_who_did_what_to_whom_why_and_from_where(desk: Client, staff: User, user: User) -> None:
    address = url_of(User, "deactivate", user.pk)
    said = {"_form_submitted": "on", "reason": "Rude to Pia"}
    desk.post(address, said, REMOTE_ADDR="203.0.113.9")
    action = StaffAction.objects.get()
    assert (action.number, action.actor, action.channel) == (1, staff, "admin")
    assert (action.action, action.kind, action.subject) == ("deactivate", "accounts.user", str(user.pk))
    assert (action.reason, action.detail) == ("Rude to Pia", "")
    assert action.address == pseudonym("203.0.113.9")
    assert re.fullmatch("[0-9a-f]{32}", action.call)
    assert abs((timezone.now() - action.at).total_seconds()) < 60
    assert action.previous == ""
    assert not wrong()


def test_a_bulk_step_is_an_action_for_each_row_that_takes_it(desk: Client, user: User, other_user: User) -> None:
    User.objects.filter(pk=other_user.pk).update(is_active=False)
    answer = take_selected(desk, [user, other_user, make_user("Una")], "deactivate", reason="A raid")
    assert len(refusals(answer)) == 1
    assert [(row.number, row.reason) for row in StaffAction.objects.order_by("number")] == [
        (1, "A raid"),
        (2, "A raid"),
    ]
    assert str(other_user.pk) not in StaffAction.objects.values_list("subject", flat=True)
    assert not wrong()


def test_a_step_with_an_amount_says_it(desk: Client, completed: Ride) -> None:
    payment = Payment.objects.get(ride=completed)
    take(desk, payment, "settle", amount="1.50", reason="Cash at the door")
    assert StaffAction.objects.get().detail == "amount 1.50"


def test_what_can_not_be_recorded_is_not_done(desk: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(chain, "keep", fail)
    with unchanged():
        assert len(refusals(take(desk, user, "deactivate"))) == 1
    assert fresh(user).is_active


def test_a_page_that_is_saved_names_the_fields_that_it_changes(desk: Client, nyc: object) -> None:
    kind = RequestType.objects.get(slug="pep_talk")
    same = {"slug": kind.slug, "icon": kind.icon, "active": "on", "position": kind.position}
    desk.post(page_of(kind), {**same, "name": "Pep", "description": kind.description})
    action = StaffAction.objects.get()
    assert (action.action, action.kind, action.subject) == ("change", "requests_app.requesttype", "pep_talk")
    assert action.detail == "Name"


def test_rows_that_are_added_and_deleted(desk: Client, nyc: object) -> None:
    desk.post(url_of(RequestType, "add"), {"slug": "opera", "name": "Opera", "icon": "🎭", "position": "7"})
    desk.post(url_of(RequestType, "delete", "opera"), {"post": "yes"})
    found = StaffAction.objects.order_by("number").values_list("action", "subject")
    assert list(found) == [("add", "opera"), ("delete", "opera")]
    assert not RequestType.objects.filter(slug="opera").exists()


def test_rights(desk: Client, staff: User) -> None:
    desk.post(url_of(Group, "add"), {"name": "Night shift"})
    group = Group.objects.get(name="Night shift")
    desk.post(url_of(Group, "delete", group.pk), {"post": "yes"})
    found = StaffAction.objects.order_by("number").values_list("action", "kind", "subject")
    assert list(found) == [("add", "auth.group", str(group.pk)), ("delete", "auth.group", str(group.pk))]


def test_decisions_over_the_api(staff: User, partner: Partner) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(2):
        answer = client_of(staff).post(f"/partner/{partner.pk}/suspend", {"reason": "Complaints"}, headers=key)
        assert answer.status_code == 200
    action = StaffAction.objects.get()
    assert (action.action, action.channel, action.subject) == ("suspend", "api", str(partner.pk))
    assert (action.reason, action.kind) == ("Complaints", "accounts.partner")
    with unchanged():
        assert client_of(staff).post(f"/partner/{partner.pk}/suspend", {}).status_code == 409


def test_every_page_that_can_change_something_records_it() -> None:
    assert [type(page).__name__ for page in admin.site._registry.values() if not isinstance(page, Recorded)] == []


# ---------------------------------------------------------------- the chain


def test_each_action_has_the_digest_of_the_one_before(staff: User) -> None:
    rows = chained(3, staff)
    assert [row.previous for row in rows] == ["", rows[0].digest, rows[1].digest]
    assert len({row.digest for row in rows}) == 3
    assert not wrong()


def test_the_database_refuses_changes(staff: User) -> None:
    chained(2, staff)
    for statement in (
        "UPDATE backoffice_staffaction SET subject = 'x'",
        "UPDATE backoffice_staffaction SET reason = 'another'",
        "UPDATE backoffice_staffaction SET reason = '', salt = '', subject = 'x'",
        "UPDATE backoffice_staffaction SET reason = ''",
        "DELETE FROM backoffice_staffaction",
        "DELETE FROM backoffice_staffaction WHERE number = 2",
    ):
        with unchanged(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture
def unguarded(staff: User) -> list[StaffAction]:
    """Three actions, in a table that has lost its triggers."""
    rows = chained(3, staff)
    with connection.cursor() as cursor:
        if SQLITE:
            cursor.execute(f"DROP TRIGGER {TABLE}_no_update")
            cursor.execute(f"DROP TRIGGER {TABLE}_no_delete")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"DROP TRIGGER {TABLE}_append_only ON {TABLE}")
    return rows


def flipped(value: Any) -> Any:
    """The value with its lowest bit, or that of its first letter, flipped."""
    if isinstance(value, str):
        return chr(ord(value[0]) ^ 1) + value[1:] if value else "x"
    return value ^ 1 if isinstance(value, int) else value + timedelta(microseconds=1)


def test_one_flipped_byte_is_found_wherever_it_is(unguarded: list[StaffAction], user: User) -> None:
    row = unguarded[1]
    tried = 0
    for column in StaffAction._meta.concrete_fields:
        if column.name in ("number", "channel"):  # kept by constraints, and tried below
            continue
        value = user.pk if column.name == "actor" else flipped(getattr(row, column.attname))
        with transaction.atomic():
            assert StaffAction.objects.filter(pk=2).update(**{column.attname: value}) == 1
            assert "2" in wrong(), column.name
            transaction.set_rollback(True)
        tried += 1
    with transaction.atomic():
        StaffAction.objects.filter(pk=2).update(reason="", salt="", reason_digest=flipped(row.reason_digest))
        assert "2" in wrong(), "a forgotten reason"
        transaction.set_rollback(True)
    assert tried == len(StaffAction._meta.concrete_fields) - 2
    assert not wrong()


def test_so_is_a_row_that_is_gone_or_was_put_between(unguarded: list[StaffAction]) -> None:
    with transaction.atomic():
        StaffAction.objects.filter(number=2).delete()
        assert wrong() == ["3"]
        transaction.set_rollback(True)
    with transaction.atomic():
        StaffAction.objects.filter(number=1).delete()
        assert wrong() == ["2"]
        transaction.set_rollback(True)
    StaffAction.objects.filter(number=3).update(channel="api")
    assert wrong() == ["3"]


def test_a_forgotten_reason_is_no_fault(user: User, staff: User) -> None:
    pia = make_partner("Pia", online=False)
    desk = desk_of(staff)
    take(desk, make_user("Una"), "revoke")
    take(desk, user, "deactivate", reason="Shouted at Pia")
    take(desk, pia, "suspend", reason="Ada said so")
    delete_account(pia.user, now=timezone.now())
    assert list(StaffAction.objects.order_by("number").values_list("reason", flat=True)) == ["", "Shouted at Pia", ""]
    assert StaffAction.objects.get(number=3).reason_digest
    assert not wrong()


def test_the_reasons_about_a_users_requests_go_with_the_account(desk: Client, pending: CheerRequest) -> None:
    take(desk, pending, "cancel", reason="Ada is drunk")
    assert StaffAction.objects.get().reason == "Ada is drunk"
    delete_account(fresh(pending.user), now=timezone.now())
    assert StaffAction.objects.get().reason == ""


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_one_chain(staff: User) -> None:
    people = [make_user(f"Una {number}") for number in range(4)]
    desks = [desk_of(staff) for _ in people]
    steps = [
        lambda desk=desk, each=each: take(desk, each, "deactivate") for desk, each in zip(desks, people, strict=True)
    ]
    in_threads(*steps)
    assert list(StaffAction.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]
    assert not wrong()
    assert not any(fresh(each).is_active for each in people)


def test_its_pages(desk: Client, staff: User, user: User) -> None:
    take(desk, user, "deactivate", reason="Rude")
    action: Model = StaffAction.objects.get()
    assert "Rude" in desk.get(url_of(StaffAction, "changelist"), {"q": str(user.pk)}).content.decode()
    page = desk.get(page_of(action)).content.decode()
    assert page_of(user) in page
    assert desk.post(url_of(StaffAction, "delete", action.pk), {"post": "yes"}).status_code == 403
