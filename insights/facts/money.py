"""Adding up the ledger's entries of some hours.

An entry counts in the hour in which it was booked, not in that of its request: a refund after a month is a fact of the
day on which it was made, so closed months stay as they are, and an hour's sums are those of the books.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Sum

from insights.facts.expressions import hour_key, moment_of
from insights.facts.hours import Span
from insights.facts.models import HourMoney
from payments.models import Entry


def money_of(region: UUID, begin: datetime, end: datetime, spans: Sequence[Span]) -> list[HourMoney]:
    """Add up the entries of the hours from `begin` to before `end`; nothing is written.

    Those that concern no payment, such as credit that was given and payouts to our bank, belong to no region.
    """
    entries = Entry.objects.filter(at__gte=begin, at__lt=end, payment__ride__request__region=region).order_by()
    sums = (
        entries.annotate(hour=hour_key("at", spans), request_type=F("payment__ride__request__request_type"))
        .values_list("hour", "request_type", "currency", "kind", "payment__kind")
        .annotate(total=Sum("amount"), n=Count("pk"))
    )
    return [
        HourMoney(
            region_id=region,
            starts_at=moment_of(hour),
            request_type_id=request_type,
            currency=currency,
            kind=kind,
            payment_kind=payment_kind,
            amount=total,
            entries=n,
        )
        for hour, request_type, currency, kind, payment_kind, total, n in sums
    ]
