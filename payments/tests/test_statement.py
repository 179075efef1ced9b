"""Partners' statements: by period, with opening and closing balances that are the ledger's to the unit."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from rest_framework.test import APIClient

from accounts.models import Partner, User
from api.files import csv_row
from core.amounts import major
from core.ids import new_id
from payments.books import statement as books
from payments.books.ledger import book, owed_to
from payments.books.periods import Period, PeriodKind, name_of, period_of
from payments.books.refunds import refund
from payments.books.statement import every_line, statement_of, tax_month, tax_months, zone_of
from payments.models import Payment
from payments.models.ledger import EntryKind
from payments.statements import pdf_file
from payments.states import PaymentKind
from requests_app.services import cancel_request
from rides.models import Ride
from rides.services import tip_ride
from rides.tests.test_receipt_pdf import words_of
from tests.cast import Clock, agree, assert_refused, fresh
from tests.settling import settle_in_cash

NEW_YORK = ZoneInfo("America/New_York")
BEGAN = datetime(2025, 11, 20, tzinfo=UTC)
OVER = datetime(2027, 2, 1, tzinfo=UTC)
KINDS = ["share", "share_reversed", "share_restored", "paid_out", "payout_reversed"]
CURRENCIES = ["usd", "jpy", "kwd"]


def periods_over(kind: PeriodKind, zone: ZoneInfo) -> Iterator[Period]:
    """Every period of a kind, from before the first entry to after the last."""
    period = period_of(name_of(kind, BEGAN.date()), zone)
    while period.start < OVER:
        yield period
        period = period_of(period.next, zone)


def have_a_past(payment: Payment, seed: int) -> None:
    """Book anything at any time, also on the edges of days, in three currencies."""
    random = Random(seed)
    for number in range(80):
        at = BEGAN + timedelta(seconds=random.randrange(int((OVER - BEGAN).total_seconds())))
        if number % 4 == 0:
            at = at.astimezone(NEW_YORK).replace(hour=0, minute=0, second=0)
            at -= timedelta(microseconds=random.choice([0, 1]))
        payment.currency = random.choice(CURRENCIES)
        book(EntryKind(random.choice(KINDS)), str(new_id()), payment, random.randint(1, 99_999), now=at)


def rows_of(body: bytes | str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body if isinstance(body, str) else body.decode())))


def read(api: APIClient, path: str, kind: str = "application/json") -> Any:
    return api.get(path, headers={"Accept": kind})


# ---------------------------------------------------------------- periods


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 12, 1)),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 5)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 4)),
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_period_has_its_days(name: str, first: date, after: date) -> None:
    period = period_of(name, NEW_YORK)
    assert (period.first, period.after, period.name) == (first, after, name)


@pytest.mark.parametrize(
    "name", ["", "2026-13", "2026-00", "2026-W00", "2026-W54", "2025-W53", "26-01", "2026-1", "1999", "3000", "٢٠٢٦"]
)
def test_no_other_name_is_a_period(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        period_of(name, NEW_YORK)


def test_a_day_may_have_23_hours() -> None:
    week = period_of("2026-W10", NEW_YORK)
    assert week.end - week.start == timedelta(days=7)  # on the wall
    assert week.end.astimezone(UTC) - week.start.astimezone(UTC) == timedelta(days=7, hours=-1)


# ---------------------------------------------------------------- balances


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", PeriodKind)
def test_a_period_opens_with_what_the_one_before_closed_with(
    completed: Ride, partner: Partner, kind: PeriodKind, seed: int
) -> None:
    fare = Payment.objects.get(ride=completed)
    have_a_past(fare, seed)
    for currency in CURRENCIES:
        closed, everything = 0, 0
        for period in periods_over(kind, zone_of(partner)):
            shown = statement_of(partner, period, currency, now=OVER)
            assert shown.opening == closed, period.name
            lines = list(every_line(partner, period, currency))
            assert shown.parts.change == sum(line.amount for line in lines)
            assert all(period.start <= line.at < period.end for line in lines)
            closed, everything = shown.closing, everything + len(lines)
        assert closed == owed_to(partner, currency)
        assert everything > 10


def test_the_file_has_every_line_once(completed: Ride, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of one moment, and however they fall into batches."""
    fare = Payment.objects.get(ride=completed)
    for number in range(25):
        at = BEGAN + timedelta(days=60, seconds=number // 7)
        book(EntryKind.SHARE, f"x-{number}", fare, number + 1, now=at)
    monkeypatch.setattr(books, "BATCH", 4)
    lines = list(every_line(partner, period_of("2026", NEW_YORK), "usd"))
    assert sorted(line.amount for line in lines if line.at < fare.created_at) == list(range(1, 26))
    assert len({line.id for line in lines}) == len(lines)


@pytest.fixture
def year(clock: Clock, partner: Partner) -> Period:
    return period_of(f"{clock.now.astimezone(zone_of(partner)):%Y}", zone_of(partner))


@pytest.fixture
def busy(completed: Ride, clock: Clock, staff: User) -> Ride:
    """A fare of $10 with a share of $8, half of which was given back, and a tip of $3 that is not paid."""
    fare = Payment.objects.get(ride=completed)
    settle_in_cash(fare, actor=staff, now=clock.now)
    refund(fare, amount=500, reason="too quiet", actor=staff, now=clock.now)
    tip_ride(completed, amount=300, currency="usd", now=clock.now)
    return completed


def test_the_parts_of_a_statement(busy: Ride, partner: Partner, clock: Clock, year: Period) -> None:
    shown = statement_of(partner, year, "usd", now=clock.now)
    parts = shown.parts
    assert (parts.fares, parts.fees, parts.tips, parts.returned) == (800, 0, 300, 400)
    assert (shown.opening, shown.closing, shown.unpaid, shown.complete) == (0, 700, 300, False)


def test_fees_stand_apart(ride: Ride, partner: Partner, clock: Clock, year: Period) -> None:
    agree(ride.request, cancellation_grace_s=0, cancellation_fee_amount=500)
    clock.advance(60)
    cancel_request(ride.user, ride.request_id, reason="", now=clock.now)
    fee = Payment.objects.get(kind=PaymentKind.CANCELLATION_FEE)
    parts = statement_of(partner, year, "usd", now=clock.now).parts
    assert fee.partner_share > 0
    assert (parts.fares, parts.fees, parts.earned) == (0, fee.partner_share, fee.partner_share)


# ---------------------------------------------------------------- over HTTP


def test_a_statement_is_answered_with_its_sums(busy: Ride, partner_api: APIClient, year: Period) -> None:
    body = read(partner_api, f"/partner/statement/{year.name}").json()
    named = {name: body[name]["amount"] for name in ("opening", "fares", "tips", "returned", "closing", "unpaid")}
    assert named == {"opening": 0, "fares": 800, "tips": 300, "returned": 400, "closing": 700, "unpaid": 300}
    assert (body["period"], body["kind"], body["timeZone"]) == (year.name, "year", "America/New_York")
    assert body["closing"]["currency"] == "usd"


def test_lines_come_in_pages(busy: Ride, partner_api: APIClient, year: Period) -> None:
    first = read(partner_api, f"/partner/statement/{year.name}/line?limit=2").json()
    second = partner_api.get(first["next"]).json()
    lines = first["results"] + second["results"]
    assert sorted(line["amount"]["amount"] for line in lines) == [-400, 300, 800]
    assert {line["paymentKind"] for line in lines} == {"fare", "tip"}
    assert {line["payoutId"] for line in lines} == {None}


def test_the_file_adds_up(busy: Ride, partner: Partner, partner_api: APIClient, year: Period) -> None:
    answer = read(partner_api, f"/partner/statement/{year.name}", "text/csv")
    assert (answer.streaming, answer["Content-Type"]) == (True, "text/csv; charset=utf-8")
    rows = rows_of(b"".join(answer.streaming_content))
    assert [row["what"] for row in (rows[0], rows[-1])] == ["Opening balance", "Balance so far"]
    assert sum(Decimal(row["amount"]) for row in rows[1:-1]) == Decimal(rows[-1]["balance"]) == Decimal("7.00")
    assert rows[-1]["balance"] == f"{major(owed_to(partner, 'usd'), 'usd')}"


@pytest.mark.parametrize(("currency", "told"), [("usd", "12.34"), ("jpy", "1234"), ("kwd", "1.234")])
def test_amounts_have_the_decimals_of_their_currency(
    completed: Ride, partner_api: APIClient, currency: str, told: str, clock: Clock, year: Period
) -> None:
    fare = Payment.objects.get(ride=completed)
    fare.currency = currency
    book(EntryKind.SHARE, "x", fare, 1234, now=clock.now)
    path = f"/partner/statement/{year.name}?currency={currency}"
    rows = rows_of(b"".join(read(partner_api, path, "text/csv").streaming_content))
    assert told in [row["amount"] for row in rows]
    assert currency in read(partner_api, path).json()["currencies"]


def test_a_file_is_in_the_language_it_was_asked_in(busy: Ride, partner: Partner, year: Period) -> None:
    with translation.override("de"):
        lines = every_line(partner, year, "usd")
    assert {line.what for line in lines} == {"Dein Anteil", "Zurückgenommen"}


def test_the_pdf_has_the_sums_and_lines(busy: Ride, partner_api: APIClient, year: Period) -> None:
    answer = read(partner_api, f"/partner/statement/{year.name}", "application/pdf")
    assert answer["Content-Type"] == "application/pdf"
    words = words_of(answer.content)
    assert {"Opening balance", "Balance so far", "$8.00", "$3.00", "-$4.00", "$7.00"} <= set(words)


def test_a_pdf_has_an_end(
    completed: Ride, partner_api: APIClient, clock: Clock, year: Period, monkeypatch: pytest.MonkeyPatch
) -> None:
    fare = Payment.objects.get(ride=completed)
    for number in range(5):
        book(EntryKind.SHARE, f"x-{number}", fare, 7, now=clock.now)
    monkeypatch.setattr(pdf_file, "LINES_MAX", 3)
    words = words_of(read(partner_api, f"/partner/statement/{year.name}", "application/pdf").content)
    assert words.count("Your share") == 3
    assert any("The CSV file has all lines" in word for word in words)


@pytest.mark.parametrize("path", ["/partner/statement/{}", "/partner/statement/{}/line", "/partner/taxSummary/{}"])
def test_a_statement_is_its_partners_alone(
    busy: Ride, other_partner_api: APIClient, user_api: APIClient, anonymous: APIClient, year: Period, path: str
) -> None:
    theirs = read(other_partner_api, path.format(year.name)).json()
    assert theirs.get("results", []) == []
    assert theirs.get("earned", {"amount": 0})["amount"] == 0
    assert_refused(read(user_api, path.format(year.name)), 403, "permission_denied")
    assert_refused(read(anonymous, path.format(year.name)), 401, "not_authenticated")


@pytest.mark.parametrize("name", ["2026-13", "2025-W53", "x", "1999"])
@pytest.mark.parametrize("path", ["/partner/statement/{}", "/partner/statement/{}/line", "/partner/taxSummary/{}"])
def test_other_names_are_not_there(partner_api: APIClient, path: str, name: str) -> None:
    assert_refused(read(partner_api, path.format(name)), 404, "not_found")
    assert_refused(read(partner_api, path.format(name), "text/csv, application/json"), 404, "not_found")


@pytest.mark.parametrize("currency", ["USD", "us", "us d", "=cmd", "dollars", ""])
def test_a_currency_has_three_letters(partner_api: APIClient, currency: str) -> None:
    answer = partner_api.get("/partner/statement/2026", {"currency": currency})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "currency"


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "-cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula(text: str) -> None:
    [row] = csv.reader(io.StringIO(csv_row([text, "-8.00", -3])))
    assert row == [f"'{text}", "-8.00", "-3"]


# ---------------------------------------------------------------- by year


def test_the_months_are_the_year(
    busy: Ride, partner: Partner, partner_api: APIClient, clock: Clock, year: Period
) -> None:
    fare = fresh(Payment.objects.get(ride=busy, kind=PaymentKind.FARE))
    for month in (1, 4, 12):
        at = datetime(year.first.year, month, 28, 23, 59, tzinfo=NEW_YORK)
        book(EntryKind.PAID_OUT, str(new_id()), fare, 100 * month, now=at)
    months, whole = tax_months(partner, year, "usd"), tax_month(partner, year, "usd")
    for read_one in (
        lambda each: each.parts.earned,
        lambda each: each.parts.paid_out,
        lambda each: each.commission,
        lambda each: each.work.charged,
        lambda each: each.work.sessions,
    ):
        assert sum(map(read_one, months)) == read_one(whole)
    body = read(partner_api, f"/partner/taxSummary/{year.name}").json()
    named = {name: body[name]["amount"] for name in ("charged", "commission", "earned", "paidOut")}
    assert named == {"charged": 1300, "commission": 200, "earned": 700, "paidOut": 1700}
    assert (body["sessions"], len(body["months"])) == (1, 12)


def test_a_tax_summary_has_files(busy: Ride, partner_api: APIClient, year: Period) -> None:
    path = f"/partner/taxSummary/{year.name}"
    rows = rows_of(read(partner_api, path, "text/csv").content)
    assert [row["period"] for row in rows] == [*(month.name for month in year.months()), year.name]
    assert sum(Decimal(row["earned"]) for row in rows[:-1]) == Decimal(rows[-1]["earned"]) == Decimal("7.00")
    words = words_of(read(partner_api, path, "application/pdf").content)
    assert {"SpeedyCheers tax summary", "$13.00", "$2.00", "$7.00"} <= set(words)
