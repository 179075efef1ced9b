"""The audit's checks of manual entries, of debts, which some of them settle, and of closed months."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from backoffice.audit import ODD, Checks, Result, add_history_checks, walked, wrong_rows
from payments.books.balances import KEYS, grouped
from payments.books.counted_days import sums_of
from payments.books.ledger import WRITTEN_OFF, balance
from payments.models import CountedDay, Entry, ManualEntry, Payment, Period, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.states import ManualKind, ManualStatus, TransferStatus

CHECKS = Checks()
DECIDED_WITHIN = timedelta(days=3)
# The entries of each kind, whose source is the row, or begins with it.
ENTRIES = {
    ManualKind.WRITTEN_OFF: EntryKind.WRITTEN_OFF,
    ManualKind.USER_CREDITED: EntryKind.USER_CREDITED,
    ManualKind.USER_CHARGED: EntryKind.USER_CHARGED,
    ManualKind.PARTNER_CREDITED: EntryKind.PARTNER_CREDITED,
    ManualKind.PARTNER_CHARGED: EntryKind.PARTNER_CHARGED,
    ManualKind.DEBT_REPAID: EntryKind.DEBT_REPAID,
    ManualKind.DEBT_WRITTEN_OFF: EntryKind.DEBT_WRITTEN_OFF,
    ManualKind.FEE: EntryKind.FEE_BY_HAND,
}


def _booked(row: ManualEntry) -> int:
    """Returns the minor units that the ledger has for a manual entry, or that are refunded by it."""
    if row.kind == ManualKind.REFUNDED:  # planned at least: the provider, or a bank, may refuse it
        return int(row.refunds.aggregate(sum=Sum("amount", default=0))["sum"])
    if row.kind == ManualKind.RECEIVED:
        entries = Entry.objects.filter(kind=EntryKind.COLLECTED, source=str(row.attempt_id))
    elif row.kind == ManualKind.PAID_BY_HAND:
        made = [str(pk) for pk in Transfer.objects.filter(by_hand=row).values_list("pk", flat=True)]
        entries = Entry.objects.filter(kind=EntryKind.PAID_OUT, source__in=made)
    else:
        its_own = Q(source=str(row.pk)) | Q(source__startswith=f"{row.pk}:")
        entries = Entry.objects.filter(its_own, kind=ENTRIES[ManualKind(row.kind)])
    return int(entries.aggregate(sum=Sum("amount", default=0))["sum"])


@CHECKS
def manual_entries_are_booked(now: datetime) -> Iterator[Result]:
    """The ledger has each manual entry's amount once it is booked, and nothing of the others."""
    return walked(
        ManualEntry.objects.all(),
        lambda row: _booked(row) != (row.amount if row.status == ManualStatus.BOOKED else 0),
    )


@CHECKS
def write_offs_add_up(now: datetime) -> Iterator[Result]:
    """A payment counts what was written off of it, less what the user has paid of that later."""
    entries = Entry.objects.filter(kind__in=[EntryKind.WRITTEN_OFF, EntryKind.RECOVERED])
    about = Q(written_off__gt=0) | Exists(entries.filter(payment=OuterRef("pk")))
    return walked(
        Payment.objects.filter(about),
        lambda payment: payment.written_off != balance(WRITTEN_OFF, entries.filter(payment=payment)),
    )


@CHECKS
def debts_add_up(now: datetime) -> Iterator[Result]:
    """A failed reversal's amount is still owed or settled, or payouts were kept for it."""
    netted = Transfer.objects.filter(settles=OuterRef("pk")).order_by().values("settles")
    kept = netted.annotate(_sum=Sum(F("amount") - F("reversed_amount"))).values("_sum")
    debts = Reversal.objects.annotate(_kept=Coalesce(Subquery(kept), 0)).select_related("transfer")
    return walked(debts, _is_wrong_debt)


def _is_wrong_debt(row: Any) -> bool:
    owing = row.status == TransferStatus.FAILED and row.transfer.status == TransferStatus.SUCCEEDED
    return bool(row.debt + row.settled + row._kept != (row.amount if owing else 0))


@CHECKS
def closed_periods_keep_their_totals(now: datetime) -> Iterator[Result]:
    """The totals of a closed month are the sums of its entries."""
    return walked(Period.objects.filter(counted_at__isnull=False), _is_wrong_period)


def _is_wrong_period(row: Period) -> bool:
    entries = Entry.objects.filter(at__gte=row.starts_at, at__lt=row.ends_at)
    added = {tuple(one[key] for key in KEYS): (one["sum"], one["number"]) for one in grouped(entries)}
    kept = row.totals.values_list("region", *KEYS[1:], "amount", "entries")
    return added != {tuple(one[:-2]): tuple(one[-2:]) for one in kept}


@CHECKS
def counted_days_keep_their_sums(now: datetime) -> Iterator[Result]:
    """The sums of a counted day are those of its entries."""
    return walked(CountedDay.objects.filter(sums__isnull=False), lambda row: row.sums != sums_of(row.day))


@CHECKS.of_kind(ODD)
def manual_entries_are_decided(now: datetime) -> Result:
    """No manual entry waits for its approval for longer than three days."""
    rows = ManualEntry.objects.all()
    return wrong_rows(rows, rows.filter(status=ManualStatus.PROPOSED, created_at__lt=now - DECIDED_WITHIN))


add_history_checks(CHECKS, "manual_entry", ManualEntry, ManualEntry.history, ManualEntry.graph)
