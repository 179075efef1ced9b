"""A partner's statement and tax summary as CSV, for accountants and spreadsheets.

The heads of the columns are the same in every language. Amounts are in units of the currency, with a decimal point.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from api.files import csv_row
from core.amounts import major
from payments.books.statement import Line, Statement, TaxMonth

STATEMENT = ("at", "what", "for", "rideId", "payoutId", "payoutReference", "amount", "balance", "currency")
TAX_SUMMARY = (
    *("period", "sessions", "charged", "tax", "commission", "fares", "fees", "tips", "returned", "adjusted", "earned"),
    *("paidOut", "payoutsReturned", "currency"),
)


def statement_csv(statement: Statement, lines: Iterator[Line], *, now: datetime) -> Iterator[str]:
    """Returns the rows of a statement: its opening balance, each line with the balance after it, and the last balance.

    The last balance is the sum of the rows, also if entries are added while the file is read.
    """
    period = statement.period
    first = (period.start, _("Opening balance"))
    last = (period.end, _("Closing balance")) if statement.complete else (now, _("Balance so far"))
    return _rows(statement, lines, first, last)


def _rows(
    statement: Statement, lines: Iterator[Line], first: tuple[datetime, str], last: tuple[datetime, str]
) -> Iterator[str]:
    balance = statement.opening

    def row(at: datetime, what: str, *cells: str) -> str:
        when = at.astimezone(statement.period.zone).isoformat(timespec="seconds")
        return csv_row([when, what, *cells, _amount(balance, statement.currency), statement.currency])

    yield csv_row(STATEMENT)
    yield row(*first, "", "", "", "", "")
    for line in lines:
        balance += line.amount
        payout = [str(line.payout.id), line.payout.reference] if line.payout else ["", ""]
        yield row(
            line.at, line.what, line.of, str(line.ride_id or ""), *payout, _amount(line.amount, statement.currency)
        )
    yield row(*last, "", "", "", "", "")


def tax_csv(year: TaxMonth, months: Sequence[TaxMonth], currency: str) -> str:
    """Returns the rows of a tax summary: its months, and the year."""
    return "".join([csv_row(TAX_SUMMARY), *(_tax_row(each, currency) for each in [*months, year])])


def _tax_row(month: TaxMonth, currency: str) -> str:
    parts = month.parts
    amounts = [
        month.work.charged,
        month.work.tax,
        month.commission,
        parts.fares,
        parts.fees,
        parts.tips,
        parts.returned,
    ]
    amounts += [parts.adjusted, parts.earned, parts.paid_out, parts.payouts_returned]
    cells = [_amount(amount, currency) for amount in amounts]
    return csv_row([month.period.name, month.work.sessions, *cells, currency])


def _amount(amount: int, currency: str) -> str:
    return f"{major(amount, currency):f}"
