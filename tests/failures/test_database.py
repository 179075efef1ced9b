"""The database is locked, full, cut off or restarted: a clear 503, nothing half done, and the next try works."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from math import inf
from typing import Any

import psycopg
import pytest
from django.db import InternalError, OperationalError, ProgrammingError, connection
from django.db.backends.postgresql import base
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, User
from core.database import AWAY, BUSY, FULL, trouble_of
from core.ids import new_id
from core.postgresql import base as checks
from regions.models import Region
from requests_app import services
from requests_app.consumers import PartnerConsumer
from requests_app.models import CheerRequest, Offer
from tests.cast import EMPIRE_STATE, at, unchanged

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {"location": at(EMPIRE_STATE), "note": "x" * 400}
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite's way to fail")
on_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL's way to fail")


def assert_refused_for_now(response: Any, code: str) -> None:
    """The one error shape, and when to try again."""
    assert response.status_code == 503, response.content
    assert int(response["Retry-After"]) >= 1
    body = response.json()
    assert body["type"] == "server_error"
    assert [error["code"] for error in body["errors"]] == [code]
    assert set(body["errors"][0]) == {"code", "detail", "attr"}


@pytest.fixture(autouse=True)
def _answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients take an error of the server for an answer, as they do in real life."""
    made = Client.__init__

    def lenient(self: Client, **options: Any) -> None:
        made(self, **{**options, "raise_request_exception": False})

    monkeypatch.setattr(Client, "__init__", lenient)


# ---------------------------------------------------------------- locked


@contextmanager
def sqlite_locked() -> Iterator[None]:
    """Somebody else writes, for as long as this lasts. Our own patience is short."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def partner_locked(pk: Any) -> Iterator[None]:
    """Somebody else holds a partner, for as long as this lasts. Our own patience is short."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    parameters = connection.get_connection_params()
    for ours in ("context", "cursor_factory"):
        parameters.pop(ours, None)
    with closing(psycopg.connect(**parameters)) as other:
        other.execute("SELECT 1 FROM accounts_partner WHERE id = %s FOR UPDATE", [pk])
        yield
        other.rollback()


@on_sqlite
def test_locked_sqlite(nyc: Region, user_api: APIClient) -> None:
    key = {"Idempotency-Key": "once"}
    with unchanged(), sqlite_locked():
        assert_refused_for_now(user_api.post("/cheerRequest", BODY, headers=key), "database_busy")
    assert user_api.post("/cheerRequest", BODY, headers=key).status_code == 201
    assert CheerRequest.objects.count() == 1


@on_sqlite
def test_readers_are_not_held_up(pending: CheerRequest, user_api: APIClient) -> None:
    with sqlite_locked():
        assert user_api.get(f"/cheerRequest/{pending.pk}").status_code == 200


@on_postgres
def test_locked_row(offer: Offer, partner_api: APIClient) -> None:
    body, key = {"offerId": str(offer.pk)}, {"Idempotency-Key": "once"}
    with unchanged(), partner_locked(offer.partner_id):
        assert_refused_for_now(partner_api.post("/rideAccept", body, headers=key), "database_busy")
    assert partner_api.post("/rideAccept", body, headers=key).status_code == 201


@on_postgres
def test_every_wait_has_an_end(nyc: Region) -> None:
    with connection.cursor() as cursor:
        for name, value in (
            ("lock_timeout", "10s"),
            ("statement_timeout", "30s"),
            ("idle_in_transaction_session_timeout", "30s"),
        ):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,)


# ---------------------------------------------------------------- full


def fill_pages_with(request: CheerRequest) -> None:
    """Add requests like this one for as long as there is room for them in a page."""
    for _ in range(10):
        request.pk = new_id()
        CheerRequest.objects.bulk_create([request])


@on_sqlite
def test_a_full_disk(nyc: Region, user_api: APIClient) -> None:
    key = {"Idempotency-Key": "once"}
    body = {**BODY, "note": "🎉" * 500}  # two thousand bytes of a page of four
    earlier = CheerRequest.objects.get(pk=user_api.post("/cheerRequest", body).json()["requestId"])
    services.cancel_request(earlier.user, earlier.pk, reason="", now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # no free page is left in the file
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    with pytest.raises(OperationalError, match="full"):
        fill_pages_with(earlier)
    with unchanged():
        for _ in range(3):
            assert_refused_for_now(user_api.post("/cheerRequest", body, headers=key), "storage_full")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")
    assert user_api.post("/cheerRequest", body, headers=key).status_code == 201


# ---------------------------------------------------------------- cut off


def cut_off_at(statement: int) -> Callable[..., Any]:
    """End the server's side of our connection just before this statement."""
    count = 0

    def cut(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == statement:
            pid = connection.connection.info.backend_pid
            parameters = connection.get_connection_params()
            for ours in ("context", "cursor_factory"):
                parameters.pop(ours, None)
            with psycopg.connect(**parameters, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return execute(*arguments)

    return cut


@on_postgres
@pytest.mark.parametrize("statement", [1, 2, 3, 4, 5, 6])
def test_cut_off(nyc: Region, user_api: APIClient, statement: int) -> None:
    key = {"Idempotency-Key": "once"}
    user_api.get("/me")
    with connection.execute_wrapper(cut_off_at(statement)):
        assert_refused_for_now(user_api.post("/cheerRequest", BODY, headers=key), "database_unavailable")
    connection.close_if_unusable_or_obsolete()  # what each request begins with; Django's test client leaves it out
    assert CheerRequest.objects.count() == 0
    assert user_api.post("/cheerRequest", BODY, headers=key).status_code == 201


@on_postgres
def test_a_connection_cut_off_between_two_requests_is_noticed_before_the_next(
    nyc: Region, user_api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "ASKED_EVERY_S", 3600.0)
    assert user_api.get("/me").status_code == 200
    connection.is_usable()
    cut_off_at(1)(lambda: None)
    connection.close_if_unusable_or_obsolete()
    assert user_api.post("/cheerRequest", BODY).status_code == 201


@on_postgres
def test_a_quiet_connection_is_asked_now_and_then(nyc: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[base.DatabaseWrapper] = []

    def ask(asking: base.DatabaseWrapper) -> bool:
        asked.append(asking)
        return True

    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", ask)
    monkeypatch.setattr(connection, "_asked_at", -inf)
    assert [connection.is_usable() for _ in range(3)] == [True] * 3
    assert len(asked) == 1
    monkeypatch.setattr(checks, "ASKED_EVERY_S", 0.0)
    connection.is_usable()
    assert len(asked) == 2


@on_postgres
def test_of_several_servers_the_one_that_answers_is_used(nyc: Region) -> None:
    parameters = connection.get_connection_params()
    for ours in ("context", "cursor_factory"):
        parameters.pop(ours, None)
    several = f"/nowhere,{parameters['host']}"
    with closing(psycopg.connect(**{**parameters, "host": several, "target_session_attrs": "read-write"})) as other:
        assert other.execute("SELECT 1").fetchone() == (1,)


# ---------------------------------------------------------------- what is told, and of what


def error_with(cause: BaseException, kind: type[Exception] = OperationalError) -> Exception:
    error = kind("it failed")
    error.__cause__ = cause
    return error


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (error_with(of_sqlite(sqlite3.SQLITE_BUSY)), BUSY),
        (error_with(of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT)), BUSY),
        (error_with(of_sqlite(sqlite3.SQLITE_FULL)), FULL),
        (error_with(of_sqlite(sqlite3.SQLITE_IOERR_WRITE)), AWAY),
        (error_with(of_sqlite(sqlite3.SQLITE_ERROR)), None),  # a mistake in a statement
        (error_with(psycopg.errors.DeadlockDetected()), BUSY),
        (error_with(psycopg.errors.LockNotAvailable()), BUSY),
        (error_with(psycopg.errors.QueryCanceled()), BUSY),
        (error_with(psycopg.errors.DiskFull()), FULL),
        (error_with(psycopg.errors.TooManyConnections()), AWAY),
        (error_with(psycopg.errors.AdminShutdown()), AWAY),
        (error_with(psycopg.errors.IdleInTransactionSessionTimeout()), AWAY),
        # A primary that became a replica, to which a pooler or a proxy still leads.
        (error_with(psycopg.errors.ReadOnlySqlTransaction(), InternalError), AWAY),
        (error_with(psycopg.OperationalError("connection refused")), AWAY),
        (error_with(psycopg.errors.UndefinedTable(), ProgrammingError), None),
        (error_with(psycopg.errors.UndefinedColumn(), ProgrammingError), None),
        (ValueError("no error of a database"), None),
    ],
)
def test_which_errors_are_worth_another_try(error: Exception, trouble: Any) -> None:
    assert trouble_of(error) is trouble


def away(*_: Any, **__: Any) -> Any:
    raise error_with(psycopg.OperationalError("connection refused"))


def test_a_page_says_so_in_words(nyc: Region, user: User, client: Any) -> None:
    client.force_login(user)
    with connection.execute_wrapper(away):
        response = client.get("/history", headers={"Accept": "text/html"})
    assert response.status_code == 503
    assert int(response["Retry-After"]) >= 1
    assert response["Content-Type"].startswith("text/html")
    assert AWAY.detail in response.content.decode()


async def test_a_socket_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    socket, said = PartnerConsumer(), []

    async def answer(body: dict[str, Any]) -> None:
        said.append(body)

    socket.recipient, socket.user, socket.scope = "partner:1", None, {}
    monkeypatch.setattr(socket, "answer", answer)
    monkeypatch.setattr(PartnerConsumer, "commands", {"accept": away})
    await socket.receive('{"type": "accept", "offerId": "1", "id": "a"}')
    [body] = said
    assert (body["type"], body["errors"][0]["code"], body["id"]) == ("server_error", "database_unavailable", "a")


def test_without_a_database_it_says_so(nyc: Region, anonymous: APIClient, partner: Partner) -> None:
    with connection.execute_wrapper(away):
        assert anonymous.get("/healthz").status_code == 200
        ready = anonymous.get("/readyz")
        assert (ready.status_code, ready.json()["failing"][0]) == (503, "database")
