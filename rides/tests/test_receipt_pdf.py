"""The receipt as a PDF says what the JSON says."""

import re
import zlib
from typing import Any

from rest_framework.test import APIClient

from accounts.models import User
from core.amounts import money
from payments.books.refunds import refund
from payments.models import Payment
from payments.services import settle_in_cash
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import Clock, assert_refused


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
    assert told == [*lines, *back, money(bill["total"]["amount"], "usd")]
    assert told == ["$10.00", "$2.50", "-$0.75", "$11.75"]


def test_somebody_elses_is_not_there(outsider_api: APIClient, completed: Ride) -> None:
    assert_refused(read(outsider_api, completed, "application/pdf, application/json"), 404, "not_found")
