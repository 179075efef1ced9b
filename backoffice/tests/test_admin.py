"""What all admin pages are made of."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError
from django.test import Client

from accounts.models import User
from api.models import IdempotencyRecord
from backoffice.columns import amount_text, moment_text, short_id
from backoffice.steps import ROWS_MAX, Step
from backoffice.tests.desk import desk_of, page_of, refusals, take_selected, told, url_of
from core.errors import Conflict
from requests_app.models import CheerRequest
from tests.cast import PASSWORD, client_of, make_user, unchanged


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1000, "usd", "$10.00"),
        (5, "usd", "$0.05"),
        (0, "eur", "€0.00"),
        (123456789, "gbp", "£1,234,567.89"),
        (1000, "jpy", "¥1,000"),
        (1000, "krw", "1,000 KRW"),
        (1500, "kwd", "1.500 KWD"),
        (1999, "chf", "19.99 CHF"),
        (-80, "usd", "−$0.80"),
        (-1500, "kwd", "−1.500 KWD"),
        (2**62 + 1, "usd", "$46,116,860,184,273,879.05"),
        (None, "usd", "–"),
    ],
)
def test_amounts(amount: int | None, currency: str, text: str) -> None:
    assert amount_text(amount, currency) == text


def test_nothing_is_a_dash() -> None:
    assert moment_text(None) == "–"
    assert short_id("01a204a6-16ce-7754-8ca3-7915fc46b8ed") == "..fc46b8ed"


# ---------------------------------------------------------------- steps


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exception]]:
    """The cancelling step of requests, made to raise what is put into this list."""
    errors: list[Exception] = []

    def run(*_: Any) -> None:
        if errors:
            raise errors.pop(0)

    model_admin: Any = admin.site.get_model_admin(CheerRequest)
    for step in type(model_admin).steps:
        assert isinstance(step, Step)
        if step.name == "cancel":
            before = step.run
            object.__setattr__(step, "run", run)
            yield errors
            object.__setattr__(step, "run", before)


def test_an_error_of_ours_is_a_message_and_logged(
    desk: Client, pending: CheerRequest, failing: list[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    failing.append(ZeroDivisionError("ours"))
    assert "failed on our side" in refusals(take_selected(desk, [pending], "cancel"))[0]
    assert "ZeroDivisionError" in caplog.text


def test_an_error_of_the_database_is_logged_without_what_it_quotes(
    desk: Client, pending: CheerRequest, failing: list[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    failing.append(DatabaseError("Failing row contains (ada@cast.test)"))
    assert "failed on our side" in refusals(take_selected(desk, [pending], "cancel"))[0]
    assert "DatabaseError" in caplog.text
    assert "ada@cast.test" not in caplog.text


def test_many_refusals_are_summed_up(desk: Client, pending: CheerRequest, failing: list[Exception]) -> None:
    users = [make_user(f"Uma {n}") for n in range(12)]
    rows = [
        CheerRequest.objects.create(
            user=user,
            region=pending.region,
            request_type=pending.request_type,
            lat=0,
            lng=0,
            status="cancelled",
            created_at=pending.created_at,
            give_up_at=pending.give_up_at,
        )
        for user in users
    ]
    failing += [Conflict("no", "No.")] * 12
    messages = refusals(take_selected(desk, [*rows, pending], "cancel"))
    assert len(messages) == 11
    assert messages[-1] == "… and 2 more were refused."


def test_too_many_rows_at_once(desk: Client, pending: CheerRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.steps.ROWS_MAX", 0)
    response = take_selected(desk, [pending], "cancel")
    assert told(response) == [("error", "Select at most 0 rows.")]
    assert ROWS_MAX >= 100


def test_nothing_selected(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        response = desk.post(url_of(CheerRequest, "changelist"), {"action": "cancel_selected"}, follow=True)
        assert told(response) == []


def test_in_a_dialog_the_browser_is_told_where_to_go(desk: Client, pending: CheerRequest) -> None:
    address = url_of(CheerRequest, "cancel", pending.pk)
    response = desk.post(address, {"_form_submitted": "on"}, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == page_of(pending)


def test_a_step_with_nothing_there(desk: Client, pending: CheerRequest) -> None:
    for pk in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        response = desk.post(url_of(CheerRequest, "cancel", pk), {"_form_submitted": "on"}, follow=True)
        assert refusals(response) == ["This row is not there."]


@pytest.mark.parametrize("page", ["-1", "0", "²", "٣", "9" * 5000, "abc", "2"])
def test_an_inline_takes_any_page_number(desk: Client, pending: CheerRequest, page: str) -> None:
    assert desk.get(page_of(pending), {"transitions-page": page}).status_code == 200


# ---------------------------------------------------------------- kept answers


def test_kept_answers_show_no_fingerprint(desk: Client, nyc: object) -> None:
    body = {"email": "nina@cast.test", "password": PASSWORD, "name": "Nina"}
    client_of(None).post("/signup", body, headers={"Idempotency-Key": "key-1"})
    record = IdempotencyRecord.objects.get()
    for address in (page_of(record), url_of(IdempotencyRecord, "changelist")):
        page = desk.get(address).content.decode()
        assert "key-1" in page
        assert record.fingerprint not in page
