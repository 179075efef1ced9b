"""A partner's statement and tax summary as a PDF, in the active language."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.utils.dateformat import format as date_text
from django.utils.translation import gettext as _

from accounts.models import Partner
from api.files import FONT, fpdf, latin
from core.amounts import money
from payments.books.periods import Period
from payments.books.statement import Line, Statement, TaxMonth
from payments.statements.sums import sums_of

if TYPE_CHECKING:
    from fpdf import FPDF

LINES_MAX = 250  # drawing more would take a process too long; the CSV file has all of them
LINE_MM, SMALL_MM = 7, 5
LABEL_MM = 130
COLUMNS_MM = (32, 38, 36, 52, 32)  # when, what, for, payout, amount
MONTH_MM = (18, 16, 32, 32, 32, 30, 30)


def statement_pdf(partner: Partner, statement: Statement, lines: Sequence[Line]) -> bytes:
    """Returns a statement with its sums and these lines, of which `LINES_MAX` are drawn."""
    page = _page(_("SpeedyCheers statement"), partner, statement.period, statement.currency)
    for label, amount, is_balance in sums_of(statement):
        page.set_font(FONT, "B" if is_balance else "", 11)
        page.cell(LABEL_MM, LINE_MM, latin(label), border="B")
        _end_row(page, LINE_MM, money(amount, statement.currency), border="B")
    page.ln(4)
    page.set_font(FONT, "B", 9)
    _row(page, COLUMNS_MM, [_("When"), _("What"), _("For"), _("Payout"), _("Amount")])
    page.set_font(FONT, size=9)
    for line in lines[:LINES_MAX]:
        at = date_text(line.at.astimezone(statement.period.zone), "d M Y, H:i")
        payout = (line.payout.reference or str(line.payout.id)) if line.payout else ""
        _row(page, COLUMNS_MM, [at, line.what, line.of, payout, money(line.amount, statement.currency)])
    if len(lines) > LINES_MAX:
        page.ln(2)
        page.multi_cell(0, SMALL_MM, latin(_("The CSV file has all lines; these are the first %d.") % LINES_MAX))
    return bytes(page.output())


def tax_pdf(partner: Partner, year: TaxMonth, months: Iterable[TaxMonth], currency: str) -> bytes:
    """Returns a tax summary: a row for each month, and the year."""
    page = _page(_("SpeedyCheers tax summary"), partner, year.period, currency)
    page.set_font(FONT, "B", 9)
    heads = [_("Month"), _("Sessions"), _("Charged"), _("Commission"), _("Earned"), _("Tips"), _("Paid out")]
    _row(page, MONTH_MM, heads)
    for month in [*months, year]:
        page.set_font(FONT, "B" if month is year else "", 9)
        parts = month.parts
        paid_out = parts.paid_out - parts.payouts_returned
        amounts = [month.work.charged, month.commission, parts.earned, parts.tips, paid_out]
        name = _("Year") if month is year else date_text(month.period.first, "M Y")
        _row(page, MONTH_MM, [name, str(month.work.sessions), *(money(amount, currency) for amount in amounts)])
    page.ln(2)
    page.set_font(FONT, size=9)
    told = _(
        "Charged is what users were charged for your work, and commission is our part of it, both before refunds. "
        "Earned is your share with tips, less what was taken back."
    )
    page.multi_cell(0, SMALL_MM, latin(told))
    return bytes(page.output())


def _page(title: str, partner: Partner, period: Period, currency: str) -> "FPDF":
    page: FPDF = fpdf.FPDF(format="A4")
    page.set_title(latin(f"{title} {period.name}"))
    page.set_creator("SpeedyCheers")
    page.add_page()
    page.set_font(FONT, "B", 20)
    page.cell(0, 12, latin(title), new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, size=11)
    days = {"first": date_text(period.first, "d M Y"), "last": date_text(period.last, "d M Y"), "zone": period.zone.key}
    facts = [
        (_("Partner"), partner.name),
        (_("Period"), _("%(first)s to %(last)s (%(zone)s)") % days),
        (_("Currency"), currency.upper()),
    ]
    for name, value in facts:
        page.cell(45, LINE_MM, latin(name))
        page.cell(0, LINE_MM, latin(value), new_x="LMARGIN", new_y="NEXT")
    page.ln(4)
    return page


def _row(page: "FPDF", widths: Sequence[int], cells: Sequence[str]) -> None:
    for width, text in zip(widths[:-1], cells[:-1], strict=True):
        page.cell(width, SMALL_MM, latin(text), border="B")
    _end_row(page, SMALL_MM, cells[-1], border="B")


def _end_row(page: "FPDF", height: int, text: str, *, border: str) -> None:
    page.cell(0, height, latin(text), border=border, align="R", new_x="LMARGIN", new_y="NEXT")
