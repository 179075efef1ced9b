"""The sums of a statement in words, for its page and its PDF."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from payments.books.statement import Statement


class SumRow(NamedTuple):
    """A row of the sums: `amount` minor units, with the sign that it has in the balance."""

    label: str
    amount: int
    is_balance: bool = False


def sums_of(statement: Statement) -> list[SumRow]:
    """Returns the rows from the opening to the closing balance, and below it the parts that are not paid or kept.

    Rows that are seldom needed are left out while they are zero.
    """
    parts = statement.parts
    seldom = [
        SumRow(_("Adjustments"), parts.adjusted),
        SumRow(_("Paid out"), -parts.paid_out),
        SumRow(_("Payouts taken back"), parts.payouts_returned),
    ]
    below = [
        SumRow(_("Of that, not yet paid by users"), statement.unpaid),
        SumRow(_("Kept for what was paid too much before"), statement.kept_for_debts),
    ]
    return [
        SumRow(_("Opening balance"), statement.opening, is_balance=True),
        SumRow(_("Share of fares"), parts.fares),
        SumRow(_("Share of fees"), parts.fees),
        SumRow(_("Tips"), parts.tips),
        SumRow(_("Taken back"), -parts.returned),
        *[row for row in seldom if row.amount],
        SumRow(_("Closing balance") if statement.complete else _("Balance so far"), statement.closing, is_balance=True),
        *[row for row in below if row.amount],
    ]
