"""The audit's checks of tax."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from backoffice.audit import Checks, Result, unless, walked
from payments.models import Entry, Payment
from payments.models.ledger import EntryKind

CHECKS = Checks()


def _booked(kind: EntryKind) -> Coalesce:
    """Returns the sum of a payment's entries of one kind."""
    entries = Entry.objects.filter(payment=OuterRef("pk"), kind=kind).order_by().annotate(_one=Value(1)).values("_one")
    return Coalesce(Subquery(entries.annotate(_sum=Sum("amount")).values("_sum"), output_field=IntegerField()), 0)


@CHECKS
def tax_is_booked(now: datetime) -> Result:
    """The ledger has the tax of each payment, once."""
    taxed = Payment.objects.annotate(_taxed=_booked(EntryKind.TAXED))
    return unless(taxed, Q(tax_amount=F("_taxed")))


@CHECKS
def refunds_take_their_tax_back(now: datetime) -> Iterator[Result]:
    """The ledger has taken back the tax of what was refunded, to the minor unit."""
    back = {"_back": _booked(EntryKind.TAX_REVERSED), "_again": _booked(EntryKind.TAX_RESTORED)}
    return walked(Payment.objects.filter(tax_amount__gt=0).annotate(**back), lambda payment: not _is_right(payment))


def _is_right(payment: Payment) -> bool:
    taken_back: int = payment._back - payment._again  # type: ignore[attr-defined]  # annotated above
    return payment.tax_amount - taken_back == payment.tax_kept
