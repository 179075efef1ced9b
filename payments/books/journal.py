"""The journal: every entry between two moments, as CSV and for accounting software that reads Beancount's format.

Both are made row by row, and entries are read in portions, so that neither a file nor a transaction grows with them.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q

from api.files import csv_row
from core.amounts import major
from payments.books.balances import REGION, Balance, Scope, balances
from payments.models import Entry
from payments.models.ledger import LedgerAccount

PORTION = 1000  # entries read together
ITS_OWN = ("id", "at", "kind", "debit", "credit", "amount", "currency")
COLUMNS = (*ITS_OWN, "region", "payment", "ride", "partner", "source")
# The accounts in accounting's five kinds; one that is not named here is among equity until somebody names it.
KINDS = {
    LedgerAccount.RECEIVABLE: "Assets:Receivable",
    LedgerAccount.PROVIDER: "Assets:Provider",
    LedgerAccount.CASH: "Assets:Cash",
    LedgerAccount.BANK: "Assets:Bank",
    LedgerAccount.DISPUTED: "Assets:Disputed",
    LedgerAccount.PARTNERS: "Liabilities:Partners",
    LedgerAccount.CREDITS: "Liabilities:Credits",
    LedgerAccount.TAX: "Liabilities:Tax",
    LedgerAccount.SALES: "Income:Sales",
    LedgerAccount.FEES: "Expenses:Fees",
    LedgerAccount.WRITTEN_OFF: "Expenses:WrittenOff",
    LedgerAccount.PROMOTIONS: "Expenses:Promotions",
}
OPENING = "Equity:Opening"


def entries_between(start: datetime | None, end: datetime | None, scope: Scope) -> Iterator[dict[str, Any]]:
    """Yields the entries from `start` on and before `end`, in order, as dictionaries."""
    rows = Entry.objects.filter(scope.matches(REGION)).order_by("at", "pk")
    if start is not None:
        rows = rows.filter(at__gte=start)
    if end is not None:
        rows = rows.filter(at__lt=end)
    named = rows.annotate(ride=F("payment__ride"), region=F(f"{REGION}__name"))
    portion = list(named.values(*COLUMNS)[:PORTION])
    while portion:
        yield from portion
        last = portion[-1]
        later = Q(at__gt=last["at"]) | Q(at=last["at"], pk__gt=last["id"])
        portion = list(named.filter(later, at__gte=last["at"]).values(*COLUMNS)[:PORTION])


def as_csv(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yields lines of CSV. Texts that a spreadsheet would take for a formula are quoted; numbers stay numbers."""
    return map(csv_row, rows)


def csv_of(start: datetime | None, end: datetime | None, scope: Scope) -> Iterator[str]:
    """Yields the journal as lines of CSV, with amounts in whole units and times in UTC."""
    yield from as_csv([COLUMNS])
    yield from as_csv(_cells(entry) for entry in entries_between(start, end, scope))


def _cells(entry: dict[str, Any]) -> list[Any]:
    shown = entry | {
        "at": entry["at"].astimezone(UTC).isoformat(),
        "amount": major(entry["amount"], entry["currency"]),
        "currency": entry["currency"].upper(),
    }
    return [shown[name] for name in COLUMNS]


# ---------------------------------------------------------------- Beancount


def account_name(account: str) -> str:
    """Returns the name of an account in accounting's five kinds."""
    return KINDS.get(LedgerAccount(account)) or f"Equity:{account.replace('_', ' ').title().replace(' ', '')}"


def beancount_of(start: datetime | None, end: datetime, scope: Scope) -> Iterator[str]:
    """Yields the journal in Beancount's format, with the balances at the start, and those at the end as checks.

    Both ends are midnights in UTC, because the format knows days only.
    """
    opened = balances(None, start, scope) if start is not None else []
    closed = balances(None, end, scope)
    for name in sorted({OPENING, *(account_name(row.account) for row in [*opened, *closed])}):
        yield f"1970-01-01 open {name}\n"
    for row in _by_account(opened):
        yield f'\n{start:%Y-%m-%d} * "opening balance"\n'
        yield from _postings(account_name(row.account), OPENING, row.closing, row.currency)
    for entry in entries_between(start, end, scope):
        yield f'\n{entry["at"].astimezone(UTC):%Y-%m-%d} * "{entry["kind"]}"\n  entry: "{entry["id"]}"\n'
        if entry["payment"] is not None:
            yield f'  payment: "{entry["payment"]}"\n'
        debit, credit = account_name(entry["debit"]), account_name(entry["credit"])
        yield from _postings(debit, credit, entry["amount"], entry["currency"])
    yield "\n"
    for row in _by_account(closed):
        amount = major(row.closing, row.currency)
        yield f"{end:%Y-%m-%d} balance {account_name(row.account)}  {amount} {row.currency.upper()}\n"


def _postings(debit: str, credit: str, amount: int, currency: str) -> Iterator[str]:
    whole, unit = major(amount, currency), currency.upper()
    yield f"  {debit}  {whole} {unit}\n  {credit}  {-whole} {unit}\n"


def _by_account(rows: list[Balance]) -> list[Balance]:
    """Adds up the regions' balances."""
    sums: dict[tuple[str, str], Balance] = {}
    for row in rows:
        one = sums.setdefault((row.currency, row.account), Balance(None, row.currency, row.account))
        one.debit += row.opening + row.debit
        one.credit += row.credit
    return [sums[key] for key in sorted(sums)]


def day(text: str) -> datetime:
    """Returns the midnight in UTC at which a day such as 2026-10-31 begins. Raises `ValueError`."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def day_after(moment: datetime) -> datetime:
    """Returns the midnight in UTC after a moment."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
