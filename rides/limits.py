"""Limits of sessions and tips, against people who pay themselves. docs/fraud.md has the figures."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext_noop

from accounts.models import User
from api.idempotency import effect
from core.errors import Conflict, Invalid
from payments.models import Payment
from payments.states import PaymentKind
from rides.models import Ride
from risk.flags import raise_flag
from risk.states import FlagKind
from risk.traces import link_score

DAY = timedelta(days=1)


class TipOverCap(Invalid):
    """A tip is too high for its ride."""

    default_code = "tip_over_cap"
    default_detail = gettext_noop("This tip is too high for this cheer.")

    def __init__(self, *, figure: int, limit: int) -> None:
        self.figure, self.limit = figure, limit
        super().__init__(attr="amount")


class TipsOverDailyCap(Conflict):
    """A user has tipped a partner too much in one day."""

    default_code = "tips_over_daily_cap"
    default_detail = gettext_noop("You have tipped this partner enough for one day.")

    def __init__(self, *, figure: int, limit: int) -> None:
        self.figure, self.limit = figure, limit
        super().__init__()


def flag_short_session(ride: Ride, *, now: datetime) -> None:
    """Flag a session that is over before a cheer can be; it is billed as any other."""
    length_s = ride.elapsed(now).total_seconds()
    if length_s < settings.MIN_SESSION_S:
        raise_flag(
            FlagKind.SESSION_TOO_SHORT,
            now=now,
            account_id=ride.user_id,
            ride_id=ride.pk,
            figure=length_s,
            limit=settings.MIN_SESSION_S,
            evidence={"partner": ride.partner_id},
        )


def flag_linked_accounts(ride: Ride, *, now: datetime) -> None:
    """Flag a ride whose two sides are closely linked, as one person's accounts are."""
    score, kinds = link_score(ride.user_id, ride.partner.user_id)
    if score >= settings.LINK_SCORE_LIMIT:
        raise_flag(
            FlagKind.LINKED_ACCOUNTS,
            now=now,
            account_id=ride.user_id,
            ride_id=ride.pk,
            figure=score,
            limit=settings.LINK_SCORE_LIMIT,
            evidence={"partner": ride.partner_id, "shared": kinds},
        )


def tip_cap(ride: Ride) -> int:
    """The highest tip for a completed ride, in minor units."""
    return max((ride.fare_amount or 0) * settings.TIP_CAP_PERCENT // 100, settings.TIP_CAP_FLOOR)


def require_tip_within_caps(ride: Ride, amount: int, *, now: datetime) -> None:
    """Check a tip against the cap of its ride and against the sum of a day.

    Locks the user's row until the end of the transaction, so that two tips can't share the rest of the sum.

    Raises: `TipOverCap`, `TipsOverDailyCap`.
    """
    if amount > (cap := tip_cap(ride)):
        raise TipOverCap(figure=amount, limit=cap)
    User.objects.select_for_update(no_key=True).get(pk=ride.user_id)
    tips = Payment.objects.filter(
        user=ride.user_id, partner=ride.partner_id, kind=PaymentKind.TIP, created_at__gt=now - DAY
    )
    given = tips.aggregate(given=Sum("amount", default=0))["given"]
    if given + amount > settings.TIPS_PER_PAIR_DAY_MAX:
        raise TipsOverDailyCap(figure=given + amount, limit=settings.TIPS_PER_PAIR_DAY_MAX)


def flag_tip(ride: Ride, refusal: "TipOverCap | TipsOverDailyCap", *, now: datetime) -> None:
    """Flag the account of a user whose tip was refused. Not inside a transaction, because the refusal rolls it back.

    The flag is about the account, not the ride: a slip must not hold the partner's fare.
    """
    with effect() as answer:
        raise_flag(
            FlagKind.TIP_OVER_CAP,
            now=now,
            account_id=ride.user_id,
            figure=refusal.figure,
            limit=refusal.limit,
            evidence={"ride": ride.pk, "partner": ride.partner_id},
        )
        answer.refusal(refusal)
