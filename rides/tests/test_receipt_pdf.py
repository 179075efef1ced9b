"""The receipt as a PDF says what the JSON says."""

import re
import zlib
from typing import Any

from rest_framework.test import APIClient

from accounts.models import User
from core.amounts import money
from payments.books.refunds import refund
from payments.models import Payment
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import Clock, assert_refused
from tests.settling import settle_in_cash


def words_of(pdf: bytes) -> list[str]:
    """The strings that a PDF of ours draws, in their order. A stream may end in any byte, a carriage return too."""
    drawn = b"".join(zlib.decompress(part) for part in re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL))
    return [text.decode("latin-1") for text in re.findall(rb"\((.*?)\) Tj", drawn)]


def read(client: APIClient, ride: Ride, kind: str) -> Any:
    return client.get(f"/ride/{ride.pk}/receipt", headers={"Accept": kind})


def test_the_amounts_are_those_of_the_json(user_api: APIClient, completed: Ride, staff: User, clock: Clock) -> None:
    tip_ride(completed, amount=250, currency="usd", now=clock.now)
    tip = Payment.objects.get(kind="tip")
    settle_in_cash(tip, actor=staff, now=clock.now)
    refund(tip, amount=75, reason="", actor=staff, now=clock.now)
    bill = read(user_api, completed, "application/json").json()
    answer = read(user_api, completed, "application/pdf")
    assert answer["Content-Type"] == "application/pdf"
    told = [word for word in words_of(answer.content) if re.fullmatch(r"-?\$[\d.,]+", word)]
    lines = [money(line["amount"]["amount"], "usd") for line in bill["lines"]]
    back = ["-" + money(line["refunded"]["amount"], "usd") for line in bill["lines"] if line["refunded"]["amount"]]
    assert told == [*lines, *back, *(money(bill[name]["amount"], "usd") for name in ("total", "due"))]
    assert told == ["$10.00", "$2.50", "-$0.75", "$11.75", "$10.00"]
    assert answer["Content-Disposition"] == f'attachment; filename="invoice-{completed.pk}.pdf"'
    settle_in_cash(Payment.objects.get(kind="fare"), actor=staff, now=clock.now)
    paid = read(user_api, completed, "application/pdf")
    assert [word for word in words_of(paid.content) if re.fullmatch(r"-?\$[\d.,]+", word)] == told[:-1]
    assert paid["Content-Disposition"] == f'attachment; filename="receipt-{completed.pk}.pdf"'


def test_it_is_an_invoice_until_all_is_paid(user_api: APIClient, completed: Ride, staff: User, clock: Clock) -> None:
    invoice = words_of(read(user_api, completed, "application/pdf").content)
    assert {"SpeedyCheers · Invoice", "Cheering, 1 × 5 minutes, not paid yet", "Not paid yet"} <= set(invoice)
    fare = Payment.objects.get()
    settle_in_cash(fare, actor=staff, now=clock.now)
    receipt = words_of(read(user_api, completed, "application/pdf").content)
    assert {"SpeedyCheers · Receipt", "Cheering, 1 × 5 minutes"} <= set(receipt)
    assert not any("not paid" in word.lower() for word in receipt)
    refund(fare, amount=1000, reason="", actor=staff, now=clock.now)
    corrected = words_of(read(user_api, completed, "application/pdf").content)
    assert {"SpeedyCheers · Corrected receipt", "Cheering, 1 × 5 minutes, given back"} <= set(corrected)


def test_somebody_elses_is_not_there(outsider_api: APIClient, completed: Ride) -> None:
    assert_refused(read(outsider_api, completed, "application/pdf, application/json"), 404, "not_found")
