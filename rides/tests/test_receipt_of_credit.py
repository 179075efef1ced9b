"""A receipt says what was paid with credit: as JSON, page, PDF and mail."""

import pytest
from django.core import mail
from django.db import transaction
from rest_framework.test import APIClient

from accounts.models import User
from payments.books.credits import Grant, give
from payments.books.refunds import refund
from payments.models import Payment
from payments.states import CreditKind
from rides.models import Ride
from rides.receipts import receipt
from rides.tasks import mail_receipt
from rides.tests.test_receipt_pdf import words_of
from tests.cast import Clock, end, fresh
from tests.settling import settle_in_cash
from web.tests.browse import browser_of, text_of


@pytest.fixture
def ended(user: User, running: Ride, staff: User, clock: Clock) -> Ride:
    """$10: $3 of credit, and the rest in cash."""
    with transaction.atomic():
        give(Grant(user.pk, CreditKind.APOLOGY, 300, "usd"), now=clock.now)
    ride = end(running)
    settle_in_cash(Payment.objects.get(), actor=staff, now=clock.now)
    return ride


def test_as_json(user_api: APIClient, ended: Ride) -> None:
    bill = user_api.get(f"/ride/{ended.pk}/receipt").json()
    assert (bill["total"], bill["credit"]) == (
        {"amount": 1000, "currency": "usd"},
        {"amount": 300, "currency": "usd"},
    )


def test_what_came_back_as_credit_is_not_paid_with_it(ended: Ride, staff: User, clock: Clock) -> None:
    refund(Payment.objects.get(), amount=900, reason="", actor=staff, now=clock.now)
    bill = receipt(fresh(ended), now=clock.now)
    assert (bill["total"]["amount"], bill["credit"]["amount"]) == (100, 100)


def test_on_the_page(user: User, ended: Ride) -> None:
    assert "Paid with credit: $3.00" in text_of(browser_of(user).get(f"/ride/{ended.pk}/receipt"))


def test_as_a_pdf(user_api: APIClient, ended: Ride) -> None:
    words = words_of(user_api.get(f"/ride/{ended.pk}/receipt?format=pdf").content)
    assert words[words.index("Of this, paid with credit") + 1] == "$3.00"


def test_by_mail(confirmed: User, ended: Ride, clock: Clock) -> None:
    due = fresh(ended).receipt_due_at
    assert due is not None
    clock.now = due
    mail_receipt(str(ended.pk))
    assert "$3.00 of this was paid with your credit." in str(mail.outbox[0].body)


def test_without_credit_nothing_is_said_of_it(user: User, completed: Ride) -> None:
    assert "credit" not in text_of(browser_of(user).get(f"/ride/{completed.pk}/receipt"))
