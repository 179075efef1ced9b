"""A partner's earnings, from the ledger: their share of fares, fees and tips, less what was taken back of it."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from accounts.models import Partner
from payments.books.ledger import PARTNERS, SALES
from payments.models import Entry, Payment
from payments.states import PaymentKind

# An entry's part of the earnings, in minor units: a share, or with its sign reversed what was taken back of one.
EARNED = Case(When(credit=PARTNERS, then=F("amount")), default=-F("amount"), output_field=IntegerField())


@dataclass(frozen=True, slots=True)
class Charged:
    """The fares and tips that a partner's users were charged in one currency, in minor units, and the sessions."""

    fares: int
    tips: int
    sessions: int


def charged_for(partner: Partner, currency: str) -> Charged:
    """Returns the amounts that a partner's users were charged."""
    kinds = [PaymentKind.FARE, PaymentKind.TIP]
    fare, tip = Q(kind=PaymentKind.FARE), Q(kind=PaymentKind.TIP)
    sums = Payment.objects.filter(partner=partner, kind__in=kinds, currency=currency).aggregate(
        fares=Sum("amount", filter=fare, default=0),
        tips=Sum("amount", filter=tip, default=0),
        sessions=Count("kind", filter=fare),
    )
    return Charged(**sums)


def earned_by(partner: Partner, currency: str) -> QuerySet[Entry]:
    """Returns the entries of a partner's earnings; payouts only pay what these owe."""
    between = Q(debit=SALES, credit=PARTNERS) | Q(debit=PARTNERS, credit=SALES)
    return Entry.objects.filter(between, partner=partner, currency=currency)


def total_of(partner: Partner, currency: str) -> int:
    """Returns a partner's earnings, in minor units."""
    return int(earned_by(partner, currency).aggregate(sum=Sum(EARNED, default=0))["sum"])


def sessions_since(partner: Partner, currency: str, moment: datetime) -> list[tuple[datetime, int]]:
    """Returns the ends of the rides since a moment, and what each entry about them earned.

    Nothing is booked before its ride ends, so the index of entries by their moment leads to these few.
    """
    over = Coalesce("payment__ride__end_time", "payment__ride__cancelled_at", "at")
    rows = earned_by(partner, currency).filter(at__gte=moment).annotate(over=over)
    return list(rows.filter(over__gte=moment).values_list("over", EARNED))
