"""Manual entries in the admin: the form, and the decisions of the second person."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, refusals, take, told, url_of
from payments.books import ledger
from payments.books.ledger import balance
from payments.models import ManualEntry, Payment
from payments.states import ManualStatus
from rides.models import Ride
from tests.cast import fresh, make_clerk, make_staff, unchanged

ADD = url_of(ManualEntry, "add")


@pytest.fixture
def payment(completed: Ride) -> Payment:
    return Payment.objects.get(ride=completed)


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def ask(desk: Client, **said: Any) -> Any:
    return desk.post(ADD, {"kind": "received", "whole_units": "4", "reason": "at the door"} | said, follow=True)


def test_the_form_books(desk: Client, staff: User, payment: Payment) -> None:
    assert desk.get(ADD).status_code == 200
    page = ask(desk, payment_id=str(payment.pk))
    assert ("success", "It is booked.") in told(page)
    row = ManualEntry.objects.get()
    assert (row.amount, row.currency, row.author, row.reason) == (400, "usd", staff, "at the door")
    assert "$4.00" in page.content.decode()
    assert balance(ledger.CASH) == 400


@pytest.mark.parametrize(
    "said",
    [
        {"payment_id": ""},
        {"payment_id": "nonsense"},
        {"payment_id": "01900000-0000-7000-8000-000000000000"},
        {"whole_units": "0.001"},
        {"whole_units": "0"},
        {"whole_units": "-1"},
        {"whole_units": "10.01"},
        {"whole_units": "99999999"},
        {"reason": ""},
        {"kind": "bribe"},
        {"kind": "paid_by_hand", "partner_id": "01900000-0000-7000-8000-000000000000"},
        {"kind": "fee", "payment_id": "", "currency": "dollars"},
        {"kind": "fee", "payment_id": ""},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(desk: Client, payment: Payment, said: dict[str, str]) -> None:
    with unchanged():
        page = ask(desk, **({"payment_id": str(payment.pk)} | said))
    assert page.status_code == 200
    assert refusals(page) or page.context["errors"]


def test_it_asks_who_it_is_first(staff: User, payment: Payment) -> None:
    desk = desk_of(staff, confirmed=False)
    with unchanged():
        assert "reauthenticate" in desk.get(ADD).headers["Location"]
        ask(desk, payment_id=str(payment.pk))


def test_above_the_limit_somebody_else_decides(desk: Client, payment: Payment, settings: Settings) -> None:
    settings.MANUAL_ENTRY_LIMITS = {"usd": 100}
    assert "somebody else has to approve it" in told(ask(desk, payment_id=str(payment.pk)))[0][1]
    row = ManualEntry.objects.get()
    with unchanged():
        assert len(refusals(take(desk, row, "approve"))) == 1
    other = desk_of(make_staff("Second"))
    take(other, row, "approve")
    assert (fresh(row).status, balance(ledger.CASH)) == (ManualStatus.BOOKED, 400)
    assert other.get(page_of(row)).context["actions_detail"] == []


def test_proposing_and_deciding_are_two_rights(payment: Payment, settings: Settings) -> None:
    settings.MANUAL_ENTRY_LIMITS = {}
    author = desk_of(make_clerk("Ann", "payments.add_manualentry"))
    ask(author, payment_id=str(payment.pk))
    row = ManualEntry.objects.get()
    colleague = desk_of(make_clerk("Ben", "payments.add_manualentry", "payments.view_manualentry"))
    with unchanged():
        assert colleague.post(url_of(ManualEntry, "approve", row.pk), {"_form_submitted": "on"}).status_code == 403
    decider = desk_of(make_clerk("Cleo", "payments.approve_manualentry"))
    with unchanged():
        assert ask(decider, payment_id=str(payment.pk)).status_code == 403
    take(decider, row, "reject", reason="not mine to give")
    assert fresh(row).status == ManualStatus.REJECTED
