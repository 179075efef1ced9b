"""Codes that users enter in one box: a promotion code, or a friend's."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop

from accounts.models import User
from api.addresses import network_of
from api.attempts import Attempt
from api.idempotency import effect
from core.errors import Missing
from payments.models import Credit, Referral
from payments.promotions import redeem
from payments.referrals import enter


class UnknownCode(Missing):
    """No code of this name can be used, now or any more."""

    default_code = "code_unknown"
    default_detail = gettext_noop("We don't know this code.")


@dataclass(frozen=True, slots=True)
class Used:
    """The effect of a code: the credit of a promotion code, or the referral of a friend's."""

    credit: Credit | None
    referral: Referral | None


def use(user: User, code: str, *, address: str, now: datetime) -> Used:
    """Turn a promotion code into credit, or note a friend's code. Not inside a transaction.

    Tries of unknown codes are counted for the account and its network address, against guessing.

    Raises: `TooManyAttempts`, `UnknownCode`, `Conflict` (`code_used`, `code_used_up`, `not_first_cheer`, `own_code`).
    """
    attempt = Attempt([("code", str(user.pk)), ("code_address", network_of(address))])
    attempt.require()
    guessed = False
    try:
        with effect() as answer:
            used = _use(user, code.strip().upper(), now=now)
            answer.result(used)
        return used
    except UnknownCode:
        guessed = True
        raise
    finally:
        if not guessed:
            attempt.give_back()


def _use(user: User, written: str, *, now: datetime) -> Used:
    credit = redeem(user, written, now=now)
    referral = None if credit else enter(user, written, now=now)
    if credit is None and referral is None:
        raise UnknownCode(attr="code")
    return Used(credit, referral)
