"""Turning promotion codes into credit."""

from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext_noop

from accounts.models import User
from api.addresses import network_of
from api.attempts import Attempt
from api.idempotency import effect
from core.database import refused_as
from core.errors import Conflict, Missing
from payments.books.credits import Grant, give
from payments.models import Credit, Payment, PromotionCode
from payments.states import CreditKind, PaymentKind
from risk.states import TraceKind
from risk.traces import accounts_sharing


class UnknownCode(Missing):
    """No code of this name can be used, now or any more."""

    default_code = "code_unknown"
    default_detail = gettext_noop("We don't know this code.")


def redeem(user: User, code: str, *, address: str, now: datetime) -> Credit:
    """Turn a promotion code into credit, within its limits. Not inside a transaction.

    Tries of unknown codes are counted for the account and its network address, against guessing.

    Raises: `TooManyAttempts`, `UnknownCode`, `Conflict` (`code_used`, `code_used_up`, `not_first_cheer`).
    """
    attempt = Attempt([("code", str(user.pk)), ("code_address", network_of(address))])
    attempt.require()
    guessed = False
    try:
        return _redeem(user, code, now=now)
    except UnknownCode:
        guessed = True
        raise
    finally:
        if not guessed:
            attempt.give_back()


def _redeem(user: User, code: str, *, now: datetime) -> Credit:
    with effect() as answer:
        promotion = _open(code, now=now)
        person = [user.pk, *accounts_sharing(user.pk, TraceKind.CARD)]
        _require_first_cheer(promotion, person)
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
            credit = give(grant, now=now)
        answer.result(credit)
    return credit


def _open(code: str, *, now: datetime) -> PromotionCode:
    """Locks and returns the code that can be used now. Its row makes simultaneous uses take turns."""
    written = code.strip().upper()
    found = PromotionCode.objects.select_for_update(no_key=True, of=("self",)).filter(code=written, active=True).first()
    if found is None or found.starts_at > now or (found.ends_at is not None and found.ends_at <= now):
        raise UnknownCode(attr="code")
    return found


def _require_first_cheer(promotion: PromotionCode, person: list[UUID]) -> None:
    if promotion.first_cheer and Payment.objects.filter(user__in=person, kind=PaymentKind.FARE).exists():
        raise Conflict("not_first_cheer", "This code is for a first cheer.")


def _use_number(promotion: PromotionCode, user: User, person: list[UUID]) -> int:
    """Returns the number of this use by the account. Accounts that share a card are one person.

    Raises `Conflict` (`code_used`).
    """
    uses = list(Credit.objects.filter(code=promotion, user__in=person).values_list("user_id", flat=True))
    if len(uses) >= promotion.per_person:
        raise Conflict("code_used", "You have used this code.")
    return uses.count(user.pk) + 1
