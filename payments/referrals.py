"""Inviting friends: a user's own code, and the code that a newcomer enters."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_noop

from accounts.models import User
from api.fields import Money
from api.idempotency import effect
from core.database import refused_as
from core.errors import Conflict
from payments.books.first_cheers import is_on, require_none
from payments.books.referrals import given_to_referrer
from payments.models import Referral, ReferralCode
from payments.states import ReferralStatus
from risk.traces import accounts_of_person

ALPHABET = "BCDFGHJKMNPQRSTVWXZ23456789"  # nothing that looks like another character, and no words
CODE_CHARS = 8


class ReferralsOff(Conflict):
    """Nothing is given for inviting friends here."""

    default_code = "referrals_off"
    default_detail = gettext_noop("Inviting friends is not possible here.")


@dataclass(frozen=True, slots=True)
class Invitations:
    """A user's own code and what has come of it, and the state of the code that they have entered themselves."""

    code: str | None
    credits: list[Money]  # for each side, by the currency of the newcomer's first cheer
    waiting: int  # friends who have entered it, and whose first cheer is still to come or was just paid
    given: int  # friends for whom the user was given credit
    per_year: int
    entered: str | None


def invitations_of(user: User) -> Invitations:
    """A user's own code, if they have asked for one, and what has come of it. Raises `ReferralsOff`."""
    _require_on()
    return Invitations(
        code=ReferralCode.objects.filter(user=user).values_list("code", flat=True).first(),
        credits=[Money(amount, currency) for currency, amount in sorted(settings.REFERRAL_CREDITS.items())],
        waiting=Referral.objects.filter(referrer=user, status=ReferralStatus.WAITING).count(),
        given=given_to_referrer(user.pk).count(),
        per_year=settings.REFERRALS_PER_YEAR,
        entered=Referral.objects.filter(newcomer=user).values_list("status", flat=True).first(),
    )


def make_code(user: User, *, now: datetime) -> Invitations:
    """Make a user's own code, unless they have one. Raises `ReferralsOff`."""
    _require_on()
    with effect() as answer:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))
        ReferralCode.objects.get_or_create(user=user, defaults={"code": code, "created_at": now})
        found = invitations_of(user)
        answer.result(found)
    return found


def enter(user: User, written: str, *, now: datetime) -> Referral | None:
    """Note whose code a newcomer has entered, once; None if it is nobody's. Call it inside a transaction.

    Raises: `Conflict` (`own_code`, `code_used`, `not_first_cheer`).
    """
    code = ReferralCode.objects.select_for_update(no_key=True).filter(code=written).first() if is_on() else None
    if code is None:
        return None
    person = accounts_of_person(user.pk)
    if code.user_id in person:
        raise Conflict("own_code", "This is your own code: a friend of yours can use it.", "code")
    require_none(person)
    used = Conflict("code_used", "You have used a friend's code before.")
    if Referral.objects.filter(newcomer__in=person).exists():
        raise used
    with refused_as({"payments_referral.newcomer_id": used}):
        return Referral.objects.create(newcomer=user, referrer_id=code.user_id, created_at=now)


def _require_on() -> None:
    if not is_on():
        raise ReferralsOff
