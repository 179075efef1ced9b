"""Credits in our books: giving them, drawing payments from them, and ending them.

A credit's row is locked by each of these, and its constraint rejects spending more than was given. docs/payments.md
explains how credits work together with cards.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from core.currencies import currency_of
from payments.books.ledger import book_credit
from payments.configuration import enabled
from payments.models import Credit, Payment, PromotionCode
from payments.models.ledger import EntryKind
from payments.models.promotion import SHARE_WHOLE_BPS
from payments.states import CreditKind, PaymentKind
from regions.models import Region

RETURNED_FOR = timedelta(days=30)  # the least time for which credit that a refund has given back can be spent
BATCH = 200  # credits a pass


@dataclass(frozen=True, slots=True)
class Grant:
    """A credit to give, in minor units; `region_id` is None if it can be spent wherever its currency is."""

    user_id: UUID
    kind: CreditKind
    amount: int
    currency: str
    region_id: UUID | None = None
    days: float | None = None  # None: CREDIT_DAYS
    reason: str = ""
    actor_id: UUID | None = None
    ride_id: UUID | None = None
    code_id: UUID | None = None
    use_number: int | None = None
    share_bps: int | None = None
    first_cheer: bool = False
    referral_id: UUID | None = None


def give(grant: Grant, *, now: datetime) -> Credit:
    """Give a credit and book it. Call it inside a transaction."""
    days = settings.CREDIT_DAYS if grant.days is None else grant.days
    credit = Credit.objects.create(
        user_id=grant.user_id,
        kind=grant.kind,
        amount=grant.amount,
        left=grant.amount,
        currency=grant.currency,
        region_id=grant.region_id,
        ride_id=grant.ride_id,
        code_id=grant.code_id,
        use_number=grant.use_number,
        share_bps=grant.share_bps,
        first_cheer=grant.first_cheer,
        referral_id=grant.referral_id,
        reason=grant.reason[:200],
        actor_id=grant.actor_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    book_credit(EntryKind.CREDIT_GIVEN, str(credit.pk), credit, credit.amount, now=now)
    return credit


def spendable(user_id: UUID, *, now: datetime) -> QuerySet[Credit]:
    """Returns the credits of a user that can be spent."""
    return Credit.objects.filter(user=user_id, left__gt=0, expires_at__gt=now)


def spendable_by_region(user_id: UUID, regions: Iterable[Region], *, now: datetime) -> dict[UUID, int]:
    """Returns the minor units of credit that a user can spend in each region."""
    credits = list(spendable(user_id, now=now))
    return {
        region.pk: sum(
            credit.left
            for credit in credits
            if credit.currency == region.currency and credit.region_id in (None, region.pk)
        )
        for region in regions
    }


def take(payment: Payment, *, now: datetime) -> list[tuple[Credit, int]]:
    """Take what credit can pay of the rest of a locked payment, first from what expires first; returns the parts.

    A tip is not paid with credit: it is its user's own gift.
    """
    rest = payment.amount - payment.collecting_amount
    if payment.kind == PaymentKind.TIP or not rest:
        return []
    locked = _payers(payment, now=now)
    whole = _leaving_enough(rest, sum(most for _, most in locked), payment.currency)
    parts = []
    for credit, most in locked:
        if part := min(whole, most):
            whole -= part
            # The database rejects what would leave less than nothing.
            Credit.objects.filter(pk=credit.pk).update(left=F("left") - part)
            credit.left -= part
            parts.append((credit, part))
    # A share pays for one fare. In the order of the codes, whose rows two payments may want.
    for credit in sorted((each for each, _ in parts if each.share_bps is not None), key=_by_code):
        end(credit, now=now)
    return parts


def _by_code(credit: Credit) -> str:
    return str(credit.code_id)


def _payers(payment: Payment, *, now: datetime) -> list[tuple[Credit, int]]:
    """Locks the credits that may pay for a payment; returns each with the most that it pays."""
    region = Payment.objects.filter(pk=payment.pk).values("ride__request__region")
    there = Q(region=None) | Q(region__in=region)
    found = spendable(payment.user_id, now=now).filter(there, currency=payment.currency)
    locked = list(found.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    if any(credit.first_cheer for credit in locked) and not _is_first_cheer(payment):
        locked = [credit for credit in locked if not credit.first_cheer]
    return [(credit, _most(credit, payment)) for credit in sorted(locked, key=lambda credit: credit.expires_at)]


def _is_first_cheer(payment: Payment) -> bool:
    others = Payment.objects.filter(user=payment.user_id, kind=PaymentKind.FARE).exclude(pk=payment.pk)
    return payment.kind == PaymentKind.FARE and not others.exists()


def _most(credit: Credit, payment: Payment) -> int:
    """Returns the most that a credit pays for a payment: of a share, that of a fare."""
    if credit.share_bps is None:
        return credit.left
    whole = payment.amount if payment.kind == PaymentKind.FARE else 0
    return min(credit.left, currency_of(payment.currency).whole(whole * credit.share_bps // SHARE_WHOLE_BPS))


def _leaving_enough(rest: int, available: int, currency: str) -> int:
    """Returns how much credit to spend: the card is left nothing, or an amount that the provider charges."""
    if available >= rest or not enabled():
        return min(rest, available)
    counted = currency_of(currency)
    return counted.whole(max(0, rest - max(rest - available, counted.minimum)))


def give_back(credit_id: UUID, amount: int, *, now: datetime) -> None:
    """Put a refunded part back into its credit. Call it inside a transaction, which books the refund."""
    credit = Credit.objects.select_for_update(no_key=True).get(pk=credit_id)
    credit.left += amount
    credit.expires_at = max(credit.expires_at, now + RETURNED_FOR)
    credit.save(update_fields=["left", "expires_at"])


def end(credit: Credit, *, now: datetime) -> int:
    """End what is left of a locked credit, and book it; returns its minor units."""
    rest, before = credit.left, credit.ended
    if rest:
        credit.left, credit.ended = 0, before + rest
        credit.save(update_fields=["left", "ended"])
        book_credit(EntryKind.CREDIT_ENDED, f"{credit.pk}:{before}", credit, rest, now=now)
        if credit.code_id is not None:  # the budget has it again
            PromotionCode.objects.filter(pk=credit.code_id).update(given_amount=F("given_amount") - rest)
    return rest


def sweep_credits(now: datetime) -> None:
    """End the credits that have expired."""
    due = Credit.objects.filter(left__gt=0, expires_at__lte=now).order_by("expires_at")
    for credit_id in list(due.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            credit = Credit.objects.select_for_update(no_key=True).get(pk=credit_id)
            if credit.expires_at <= now:  # a refund may have given it more time
                end(credit, now=now)
