"""The books in the admin: balances, ages, the journal as a file, and the closing of a month."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, refusals, told, url_of
from payments.books.ledger import book
from payments.models import Entry, Payment, Period
from payments.models.ledger import EntryKind
from rides.models import Ride
from tests.cast import Clock, make_clerk, unchanged
from tests.settling import settle_in_cash

LIST, ADD = url_of(Period, "changelist"), url_of(Period, "add")


@pytest.fixture
def paid(completed: Ride, staff: User, clock: Clock) -> Payment:
    payment = Payment.objects.get(ride=completed)
    settle_in_cash(payment, actor=staff, now=clock.now)
    return payment


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def table(page: Any) -> list[list[str]]:
    rows: list[list[str]] = page.context["books"]["rows"]
    return rows


def test_the_trial_balance_is_added_up_when_it_is_asked_for(desk: Client, paid: Payment) -> None:
    form = desk.get(LIST).context["books_form"]
    assert "books" not in desk.get(LIST).context
    page = desk.get(LIST, {"show": "balances", "start": form["start"].value()})
    region = paid.ride.request.region.name
    assert [region, "cash", "$0.00", "$10.00", "$0.00", "$10.00"] in table(page)
    assert [region, "partners", "$0.00", "$0.00", "$8.00", "−$8.00"] in table(page)
    assert "−$8.00" in page.content.decode()


def test_what_is_owed_by_age(desk: Client, paid: Payment) -> None:
    page = desk.get(LIST, {"show": "ages"})
    assert table(page) == [["Partners are owed", "$8.00", "$0.00", "$0.00", "$0.00", "$0.00", "$8.00"]]


def test_the_journal_is_a_file(desk: Client, paid: Payment) -> None:
    page = desk.get(LIST, {"show": "csv"})
    assert page.headers["Content-Disposition"].startswith('attachment; filename="journal-until-')
    rows = list(csv.DictReader(StringIO(page.getvalue().decode())))
    assert [row["id"] for row in rows] == [str(entry.pk) for entry in Entry.objects.order_by("at", "pk")]
    assert " balance Assets:Cash  10.00 USD" in desk.get(LIST, {"show": "beancount"}).getvalue().decode()


@pytest.mark.parametrize("asked", [{"start": "soon"}, {"region": "x"}, {"currency": "dollars"}, {"show": "pdf"}])
def test_nonsense_shows_no_figures(desk: Client, paid: Payment, asked: dict[str, str]) -> None:
    page = desk.get(LIST, {"show": "balances"} | asked)
    assert page.status_code == 200
    assert "books" not in page.context


def test_a_month_is_closed(desk: Client, paid: Payment, staff: User, clock: Clock) -> None:
    book(EntryKind.USER_CHARGED, "of old", paid, 1, now=clock.now - timedelta(days=62))
    month = f"{clock.now - timedelta(days=62):%Y-%m}"
    assert month in desk.get(ADD).content.decode()
    page = desk.post(ADD, {"month": month}, follow=True)
    assert told(page) == [("success", f"{month} is closed.")]
    period = Period.objects.get()
    assert period.closed_by == staff
    assert desk.get(page_of(period)).status_code == 200
    for again in (month, f"{clock.now:%Y-%m}", "soon", ""):
        with unchanged():
            assert len(refusals(desk.post(ADD, {"month": again}, follow=True))) == 1


def test_only_by_who_may(paid: Payment) -> None:
    viewer = desk_of(make_clerk("Ann", "payments.view_period"))
    assert viewer.get(LIST, {"show": "csv"}).status_code == 200
    with unchanged():
        assert viewer.post(ADD, {"month": "2026-01"}).status_code == 403
    stranger = desk_of(make_clerk("Ben", "payments.view_payment"))
    assert stranger.get(LIST, {"show": "csv"}).status_code == 403
