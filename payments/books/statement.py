"""A partner's statement of a period: the ledger's account of them, from its opening to its closing balance.

All sums are read from indexes alone, so a long history costs no reads of rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from accounts.models import Partner
from payments.books.ledger import CASH, PARTNERS, PROVIDER
from payments.books.periods import Period
from payments.models import Entry, Payment, Reversal, Transfer
from payments.models.ledger import EntryKind
from payments.states import UNPAID, PaymentKind, TransferStatus

BATCH = 500  # lines in memory at a time
FEES = [PaymentKind.CANCELLATION_FEE, PaymentKind.NO_SHOW_FEE]

# The entries in the words of their partner.
WORDS = {
    EntryKind.SHARE: _("Your share"),
    EntryKind.SHARE_REVERSED: _("Taken back"),
    EntryKind.SHARE_RESTORED: _("Given again"),
    EntryKind.PAID_OUT: _("Paid out to you"),
    EntryKind.PAYOUT_REVERSED: _("Payout taken back"),
}

# An entry's effect on the amount owed to its partner, in minor units.
EFFECT = Case(
    When(credit=PARTNERS, then=F("amount")),
    When(debit=PARTNERS, then=-F("amount")),
    default=Value(0),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The movements of a partner's account in a period and one currency, in minor units.

    `adjusted` is signed; all others are positive as their names say.
    """

    fares: int  # the partner's share
    fees: int  # the partner's share
    tips: int
    returned: int  # taken back over refunds and disputes, less what was given again
    adjusted: int
    paid_out: int
    payouts_returned: int

    @property
    def earned(self) -> int:
        """The earnings of the period."""
        return self.fares + self.fees + self.tips - self.returned + self.adjusted

    @property
    def change(self) -> int:
        """The change of the balance over the period."""
        return self.earned - self.paid_out + self.payouts_returned


@dataclass(frozen=True, slots=True)
class Statement:
    """A partner's account in one currency over a period.

    `unpaid` is the part of the closing balance that users have not paid by now. `kept_for_debts` is the part of the
    period's shares that was kept for debts instead of being paid out; the balances have both already.
    """

    period: Period
    currency: str
    currencies: tuple[str, ...]  # of all entries until the period's end
    opening: int
    parts: Parts
    unpaid: int
    kept_for_debts: int
    complete: bool

    @property
    def closing(self) -> int:
        """The amount owed to the partner at the period's end, or by now; negative if they were paid too much."""
        return self.opening + self.parts.change


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout that a line is about."""

    id: UUID
    reference: str  # the provider's


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as its partner sees it: `amount` minor units, negative if it was paid out or taken back."""

    id: UUID
    at: datetime
    kind: str
    what: str
    payment_kind: str | None  # with the next two, of the payment that it is about, if it is about one
    of: str
    ride_id: UUID | None
    amount: int
    payout: Payout | None

    @property
    def size(self) -> int:
        """The amount without its sign."""
        return abs(self.amount)


@dataclass(frozen=True, slots=True)
class Work:
    """The sessions of a period, the amount that users were charged for them, and the partner's shares by payment."""

    sessions: int
    charged: int
    tax: int  # of the charged amount
    shares: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TaxMonth:
    """A month of a tax summary: the amounts that users were charged for a partner's work, and the partner's part."""

    period: Period
    work: Work
    parts: Parts

    @property
    def commission(self) -> int:
        """Our part of the charged amount without its tax, before refunds."""
        return self.work.charged - self.work.tax - self.parts.fares - self.parts.fees - self.parts.tips


def zone_of(partner: Partner) -> ZoneInfo:
    """Returns the time zone of a partner's periods: that of their region."""
    return ZoneInfo(partner.region.time_zone if partner.region else "UTC")


def currency_of(partner: Partner) -> str:
    """Returns the currency of a partner's region, or else that of their latest entry."""
    if partner.region:
        return partner.region.currency
    return Entry.objects.filter(partner=partner).order_by("-at").values_list("currency", flat=True).first() or "usd"


def statement_of(partner: Partner, period: Period, currency: str, *, now: datetime) -> Statement:
    """Returns a partner's statement of a period; one that isn't over yet is as of now."""
    before = dict(
        Entry.objects.filter(partner=partner, at__lt=period.end)
        .order_by()
        .values_list("currency")
        .annotate(_opening=Sum(EFFECT, filter=Q(at__lt=period.start), default=0))
    )
    # Both are few, and their rows lie in indexes of such rows alone.
    waiting = Payment.objects.filter(partner=partner, currency=currency, status__in=UNPAID, created_at__lt=period.end)
    kept = Transfer.objects.filter(
        partner=partner,
        status=TransferStatus.NETTED,
        created_at__gte=period.start,
        created_at__lt=period.end,
        payment__currency=currency,
    )
    return Statement(
        period=period,
        currency=currency,
        currencies=tuple(sorted({currency, *before})),
        opening=before.get(currency, 0),
        parts=parts_of(partner, period, currency),
        unpaid=sum(waiting.values_list("partner_share", flat=True)),
        kept_for_debts=sum(kept.values_list("amount", flat=True)),
        complete=period.end <= now,
    )


def parts_of(partner: Partner, period: Period, currency: str, work: Work | None = None) -> Parts:
    """Returns the movements of a partner's account in a period. Pass its work if it has been read."""
    inside = Entry.objects.filter(partner=partner, currency=currency, at__gte=period.start, at__lt=period.end)
    rows = inside.order_by().values_list("kind", "debit", "credit").annotate(_sum=Sum(EFFECT))
    sums: dict[str, int] = defaultdict(int)
    for kind, debit, credit, amount in rows:
        sums[_part(kind, debit, credit)] += amount
    shares = (work or work_of(partner, period, currency)).shares
    fees, tips = sum(shares.get(kind, 0) for kind in FEES), shares.get(PaymentKind.TIP, 0)
    return Parts(
        fares=sums["given"] - fees - tips,
        fees=fees,
        tips=tips,
        returned=-sums["returned"],
        adjusted=sums["adjusted"],
        paid_out=-sums["paid_out"],
        payouts_returned=sums["payouts_returned"],
    )


def _part(kind: str, debit: str, credit: str) -> str:
    """Returns the part of a statement that an entry's amount belongs to."""
    if kind == EntryKind.SHARE:
        return "given"
    if kind in (EntryKind.SHARE_REVERSED, EntryKind.SHARE_RESTORED):
        return "returned"
    if {debit, credit} & {PROVIDER, CASH}:
        return "paid_out" if debit == PARTNERS else "payouts_returned"
    return "adjusted"


def work_of(partner: Partner, period: Period, currency: str) -> Work:
    """Returns a partner's sessions of a period and their payments."""
    inside = Payment.objects.filter(
        partner=partner, currency=currency, created_at__gte=period.start, created_at__lt=period.end
    )
    sums = (
        inside.order_by()
        .values_list("kind")
        .annotate(Count("kind"), Sum("amount"), Sum("tax_amount"), Sum("partner_share"))
    )
    rows = list(sums)
    return Work(
        sessions=sum(count for kind, count, *_ in rows if kind == PaymentKind.FARE),
        charged=sum(row[2] for row in rows),
        tax=sum(row[3] for row in rows),
        shares={row[0]: row[4] for row in rows},
    )


def tax_months(partner: Partner, year: Period, currency: str) -> list[TaxMonth]:
    """Returns the months of a year."""
    return [tax_month(partner, month, currency) for month in year.months()]


def tax_month(partner: Partner, period: Period, currency: str) -> TaxMonth:
    """Returns a row of a tax summary."""
    work = work_of(partner, period, currency)
    return TaxMonth(period, work, parts_of(partner, period, currency, work))


# ---------------------------------------------------------------- line by line


def entries_of(partner: Partner, period: Period, currency: str) -> QuerySet[Entry]:
    """Returns the entries in a partner's account in a period, with their payments, in no order."""
    inside = Entry.objects.filter(partner=partner, currency=currency, at__gte=period.start, at__lt=period.end)
    return inside.select_related("payment")


def every_line(partner: Partner, period: Period, currency: str) -> Iterator[Line]:
    """Returns the lines of a period, oldest first, in the language that is active now, with a batch in memory."""
    return _every_line(entries_of(partner, period, currency).order_by("at", "pk"), get_language())


def _every_line(rows: QuerySet[Entry], language: str | None) -> Iterator[Line]:
    batch = list(rows[:BATCH])
    while batch:
        with override(language):
            lines = lines_of(batch)
        yield from lines
        last = batch[-1]
        batch = list(rows.filter(at__gte=last.at).exclude(at=last.at, pk__lte=last.pk)[:BATCH])


def lines_of(entries: Sequence[Entry]) -> list[Line]:
    """Returns entries as their partner sees them, with the payouts that they are about."""
    payouts = _payouts_of(entries)
    return [
        Line(
            id=entry.pk,
            at=entry.at,
            kind=entry.kind,
            what=str(WORDS.get(EntryKind(entry.kind), entry.get_kind_display())),
            payment_kind=entry.payment.kind if entry.payment else None,
            of=entry.payment.get_kind_display() if entry.payment else "",
            ride_id=entry.payment.ride_id if entry.payment else None,
            amount=entry.amount if entry.credit == PARTNERS else -entry.amount,
            payout=payouts.get(entry.source),
        )
        for entry in entries
    ]


def _payouts_of(entries: Iterable[Entry]) -> dict[str, Payout]:
    """Returns the payouts behind entries by their sources."""
    sources = defaultdict(list)
    for entry in entries:
        sources[entry.kind].append(entry.source)
    made = Transfer.objects.filter(pk__in=sources[EntryKind.PAID_OUT]).values_list("pk", "pk", "reference")
    back = Reversal.objects.filter(pk__in=sources[EntryKind.PAYOUT_REVERSED])
    taken = back.values_list("pk", "transfer", "transfer__reference")
    return {str(source): Payout(payout, reference) for source, payout, reference in [*made, *taken]}
