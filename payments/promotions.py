"""Turning promotion codes into credit."""

from datetime import datetime
from uuid import UUID

from django.db.models import F

from accounts.models import User
from core.database import refused_as
from core.errors import Conflict
from payments.books import first_cheers
from payments.books.credits import Grant, give
from payments.models import Credit, PromotionCode
from payments.states import CreditKind
from risk.traces import accounts_of_person


def redeem(user: User, written: str, *, now: datetime) -> Credit | None:
    """Turn a promotion code into credit, within its limits; None if there is no such code now. Inside a transaction.

    Raises: `Conflict` (`code_used`, `code_used_up`, `not_first_cheer`).
    """
    promotion = _open(written, now=now)
    if promotion is None:
        return None
    person = accounts_of_person(user.pk)
    if promotion.first_cheer:
        first_cheers.require_none(person)
    grant = Grant(
        user.pk,
        CreditKind.PROMOTION,
        promotion.amount,
        promotion.currency,
        region_id=promotion.region_id,
        days=promotion.credit_days,
        code_id=promotion.pk,
        use_number=_use_number(promotion, user, person),
        share_bps=promotion.share_bps,
        first_cheer=promotion.first_cheer,
    )
    used_up = Conflict("code_used_up", "This code has been used up.")
    with refused_as({"promotion_within_budget": used_up}):
        PromotionCode.objects.filter(pk=promotion.pk).update(given_amount=F("given_amount") + promotion.amount)
    another = Conflict("code_used", "You have used a code for your first cheer before.")
    with refused_as({"credit_first_cheer_once_per_user": another}):
        return give(grant, now=now)


def _open(written: str, *, now: datetime) -> PromotionCode | None:
    """Locks and returns the code that can be used now. Its row makes simultaneous uses take turns."""
    found = PromotionCode.objects.select_for_update(no_key=True, of=("self",)).filter(code=written, active=True).first()
    if found is None or found.starts_at > now or (found.ends_at is not None and found.ends_at <= now):
        return None
    return found


def _use_number(promotion: PromotionCode, user: User, person: list[UUID]) -> int:
    """Returns the number of this use by the account. Accounts that share a card or a device are one person.

    Raises `Conflict` (`code_used`).
    """
    uses = list(Credit.objects.filter(code=promotion, user__in=person).values_list("user_id", flat=True))
    if len(uses) >= promotion.per_person:
        raise Conflict("code_used", "You have used this code.")
    return uses.count(user.pk) + 1
