"""The file with an account's data: made in the background, mailed about, kept for some days."""

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.deferred_mails import send_deferred
from accounts.models import DeferredMail, Partner, User
from core.errors import Conflict
from ops.pruner import prune
from ops.sweep import PASSES
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import Clock, fresh, make_user
from tests.planning import by_index
from web.models import DataExport, DataExportPart
from web.privacy import making
from web.privacy.deletion import delete_account
from web.privacy.export import by_path, export, pieces
from web.privacy.holdings import HOLDINGS, Owner
from web.privacy.making import TRIES_MAX, body_of, make_export, request_export, sweep_exports
from web.tests.browse import by_password, text_of

PAGE, FILE = "/account/data", "/account/data/export"


@pytest.fixture
def asked(user: User, completed: Ride, clock: Clock) -> DataExport:
    """A file that is to be made."""
    return request_export(user, now=clock.now)


def made(asked: DataExport) -> DataExport:
    make_export(asked.pk)
    ready: DataExport = fresh(asked)
    assert ready.state == "ready"
    return ready


def told(client: Client) -> Any:
    answer = client.get(FILE)
    assert answer["Content-Type"] == "application/json"
    return json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]


def test_the_way_of_a_file(user: User, completed: Ride, clock: Clock) -> None:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    client = by_password(user)
    assert client.get(FILE)["Location"] == PAGE
    assert client.post(PAGE)["Location"] == PAGE
    assert "being made" in text_of(client.get(PAGE))
    assert client.get(FILE)["Location"] == PAGE
    make_export(DataExport.objects.get().pk)
    assert told(client)["email"] == user.email
    mail.outbox.clear()
    send_deferred(DeferredMail.objects.get(kind="data_export").pk)
    assert f"{settings.SITE_URL}{PAGE}\n" in str(mail.outbox[0].body)
    assert user.email not in str(mail.outbox[0].body)
    clock.advance(settings.EXPORTS_KEPT_DAYS * 86_400)
    assert by_password(user).get(FILE)["Location"] == PAGE
    prune("web.DataExport", clock.advance(1))
    assert not DataExport.objects.exists()
    assert not DataExportPart.objects.exists()


def test_a_stolen_session_starts_no_file_and_gets_none(asked: DataExport, user: User) -> None:
    made(asked)
    DataExport.objects.update(requested_at=timezone.now() - timedelta(days=1))
    stolen = Client()
    stolen.force_login(user, "accounts.backends.PasswordBackend")
    assert stolen.get(FILE)["Location"].startswith("/account/reauthenticate/")
    assert stolen.post(PAGE)["Location"].startswith("/account/reauthenticate/")
    assert DataExport.objects.get().pk == asked.pk


def test_nobody_gets_the_file_of_another(asked: DataExport, other_user: User) -> None:
    made(asked)
    assert by_password(other_user).get(FILE)["Location"] == PAGE


def test_one_at_a_time_however_often_the_button_is_pressed(asked: DataExport, user: User, clock: Clock) -> None:
    with pytest.raises(Conflict, match="export_in_the_making"):
        request_export(user, now=clock.now)
    by_password(user).post(PAGE)
    assert DataExport.objects.get().pk == asked.pk
    made(asked)
    with pytest.raises(Conflict, match="export_made_lately"):
        request_export(user, now=clock.now)
    later = request_export(user, now=clock.advance(3601))
    assert DataExport.objects.get().pk == later.pk != asked.pk
    assert not DataExportPart.objects.exists()


def test_the_file_has_what_the_database_has(user: User, completed: Ride, clock: Clock) -> None:
    text = "".join(pieces(user, now=clock.now))
    told = json.loads(text)
    whole = export(user, now=clock.now)
    assert {name: len(rows) for name, rows in told["data"].items()} == {
        name: len(rows) for name, rows in whole["data"].items()
    }
    assert [ride["id"] for ride in told["data"]["rides"]] == [str(completed.pk)]


def test_a_row_found_by_two_paths_is_there_once(completed: Ride) -> None:
    data = export(completed.partner.user, now=timezone.now())["data"]
    steps = [step["id"] for step in data["rideSteps"]]
    assert len(steps) == len(set(steps)) == completed.transitions.count()


def test_memory_does_not_depend_on_how_much_there_is(
    user: User, pending: CheerRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are read some at a time, and written as parts of a size."""
    monkeypatch.setattr("web.privacy.export.BATCH", 2)
    monkeypatch.setattr(making, "PART_BYTES", 1)
    asked = request_export(user, now=timezone.now())
    seen: list[int] = []

    def few(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("SELECT") and "LIMIT 2" in sql:
            seen.append(1)
        return result

    with connection.execute_wrapper(few):
        made(asked)
    assert len(seen) > 40  # every table at least once
    assert DataExportPart.objects.count() > 1
    body = b"".join(body_of(fresh(asked)))
    assert json.loads(body)["data"]["cheerRequests"][0]["note"] == "Third floor"


# ---------------------------------------------------------------- what goes wrong


def test_a_worker_that_dies_leaves_a_file_that_another_makes(
    asked: DataExport, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    monkeypatch.setattr(making, "PART_BYTES", 1)
    with monkeypatch.context() as during:
        during.setattr(making, "_end", die)
        with pytest.raises(Killed):
            make_export(asked.pk)
    assert DataExportPart.objects.exists()
    make_export(asked.pk)
    assert fresh(asked).state == "making"  # the dead worker's lease
    clock.advance(4)
    ready = made(asked)
    assert set(DataExportPart.objects.values_list("making", flat=True)) == {ready.making}
    assert json.loads(b"".join(body_of(ready)))["data"]["rides"]


def test_two_workers_leave_one_whole_file(asked: DataExport, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    """The lease of the first has lapsed while it worked, and the second was faster."""
    first = making._make

    def slow(export: DataExport, mine: Any) -> None:
        monkeypatch.setattr(making, "_make", first)
        clock.advance(4)
        make_export(asked.pk)
        first(export, mine)

    monkeypatch.setattr(making, "_make", slow)
    make_export(asked.pk)
    ready = fresh(asked)
    assert set(DataExportPart.objects.values_list("making", flat=True)) == {ready.making}
    assert json.loads(b"".join(body_of(ready)))["data"]["rides"]
    assert DeferredMail.objects.filter(kind="data_export").count() == 1


def test_what_can_not_be_made_fails_after_some_tries(
    asked: DataExport, user: User, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("a fault of ours")

    with monkeypatch.context() as during:
        during.setattr(making, "pieces", fail)
        for _ in range(TRIES_MAX + 1):
            make_export(asked.pk)
            clock.advance(3600)
    assert fresh(asked).state == "failed"
    client = by_password(user)
    assert "could not be made" in text_of(client.get(PAGE))
    client.post(PAGE)
    made(DataExport.objects.get())


def test_an_account_deleted_meanwhile_leaves_nothing(user: User, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    asked = request_export(user, now=clock.now)
    packed = making._packed

    def deleted(texts: Any) -> Any:
        parts = list(packed(texts))
        delete_account(user, now=clock.now)
        raise ValueError(len(parts))

    monkeypatch.setattr(making, "_packed", deleted)
    make_export(asked.pk)
    assert not DataExport.objects.exists()
    assert not DataExportPart.objects.exists()


def test_the_sweep_makes_up_for_a_lost_task(asked: DataExport, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    assert sweep_exports in [each for each, _ in PASSES]
    queued: list[Any] = []
    monkeypatch.setattr("core.jobs.current_app.send_task", lambda name, args, **_: queued.append((name, *args)))
    monkeypatch.setattr("core.jobs.require_no_transaction", lambda _: None)
    sweep_exports(clock.advance(3))
    assert queued == [("make_export", str(asked.pk))]


def test_strangers_have_no_file(db: None) -> None:
    make_user("U")
    assert Client().get(FILE)["Location"].startswith("/account/login/")
    assert Client().post(PAGE)["Location"].startswith("/account/login/")
    assert not DataExport.objects.exists()


def test_every_path_to_a_persons_rows_has_an_index(partner: Partner) -> None:
    """A wish for a file reads no table from one end to the other."""
    owner = Owner.of(partner.user)
    with by_index():
        for holding in HOLDINGS:
            for rows in by_path(holding, owner):
                plan = rows[:500].explain()
                assert "Seq Scan" not in plan, (holding.section, plan)
                assert "SCAN" not in plan, (holding.section, plan)
