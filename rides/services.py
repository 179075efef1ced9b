"""Writes to rides.

Most are steps of a larger transaction, whose locks and outbox belong to `requests_app.serving.fulfilment`.
"""

import secrets
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext_noop

from accounts.models import Partner, User
from accounts.partners import rate_partner
from api.idempotency import effect
from core.amounts import money
from core.currencies import currency_of
from core.errors import Conflict, Forbidden, Invalid
from core.prices import NO_TAX, charge, elapsed, fare
from core.reasons import Reason
from notifications.events import Outbox, recorded
from payments.books.billing import Bill, PartnerShare, open_payment
from payments.models import Payment
from payments.states import PaymentKind
from regions.models import Prices, StartGuard
from rides.fees import cancellation_fee
from rides.limits import (
    TipOverCap,
    TipsOverDailyCap,
    flag_linked_accounts,
    flag_short_session,
    flag_tip,
    require_tip_within_caps,
)
from rides.models import Ride
from rides.states import EndedBy, RideStatus

PIN_FAILURES_MAX = 5


class WrongPin(Forbidden):
    default_code = "wrong_pin"
    default_detail = gettext_noop("This is not the PIN that the user was shown.")


def open_ride(
    request_id: UUID, *, user: User, partner: Partner, prices: Prices, start_guard: str, now: datetime
) -> Ride:
    """Create the ride of a partner who has accepted, on the way and at the request's prices."""
    ride = Ride(
        request_id=request_id,
        user=user,
        partner=partner,
        accepted_at=now,
        tariff_amount=prices.increment_amount,
        tariff_currency=prices.currency,
        tariff_increment_s=prices.increment_s,
        commission_bps=prices.commission_bps,
        tax_rate=prices.tax_rate,
        tax_inclusive=prices.tax_inclusive,
        start_guard=start_guard,
        pin="" if start_guard == StartGuard.NONE else f"{secrets.randbelow(10_000):04}",
    )
    ride.create(actor=partner.user, at=now)
    return ride


def check_pin(ride: Ride, pin: str) -> bool:
    """Check the PIN that the user told the partner, if one is needed. Failures are counted, which limits guessing.

    Returns: whether the PIN is right; False also if none is needed, or if an arrival may take its place.

    Raises:
        WrongPin: The PIN is wrong.
        Conflict: Too many PINs were wrong (`pin_locked`).
    """
    if not ride.needs_pin or (ride.start_guard == StartGuard.ARRIVAL_OR_PIN and not pin):
        return False
    right = compare_digest(ride.pin.encode(), pin.encode())
    wrong = WrongPin(attr="pin")
    tries = Ride.objects.filter(pk=ride.pk)
    with effect() as answer:
        # Every guess takes one of the tries in a single statement, so simultaneous guesses get no more of them.
        if not tries.filter(pin_failures__lt=PIN_FAILURES_MAX).update(pin_failures=F("pin_failures") + 1):
            raise Conflict("pin_locked", "Too many wrong PINs. Staff can release this ride.")
        if right:
            tries.update(pin_failures=F("pin_failures") - 1)
        else:
            answer.refusal(wrong)
    if not right:
        raise wrong
    return True


def start_ride(
    ride: Ride, *, actor: User, now: datetime, pin_checked: bool, place: tuple[float, float] | None = None
) -> None:
    """Start the session clock: the partner has arrived, at `place` (lat, lng), or has told the user's PIN.

    Raises `Conflict` unless the ride is on the way, and if the partner has neither arrived nor told the PIN.
    """
    if ride.status == RideStatus.IN_PROGRESS:
        raise Conflict("ride_already_started", "This session is running already.")
    if ride.status != RideStatus.EN_ROUTE:
        raise Conflict(f"ride_{ride.status}", "The state of this ride does not allow that.")
    if ride.needs_pin and not pin_checked:
        raise Conflict("not_arrived", "You have not arrived. Go to the place, or enter the user's PIN.")
    start_time = max(now, ride.arrived_at or ride.accepted_at)  # the clock may have stepped back
    lat, lng = place or (None, None)
    ride.move(RideStatus.IN_PROGRESS, actor=actor, at=now, start_time=start_time, start_lat=lat, start_lng=lng)


def end_ride(
    ride: Ride,
    outbox: Outbox,
    *,
    actor: User | None,
    ended_by: EndedBy,
    now: datetime,
    reason: str = "",
    collect: bool = True,
) -> None:
    """End the session: freeze its end and fare, and open the payment. Raises `Conflict` unless it is running.

    `collect`: if False, the fare is not charged until staff say so.
    """
    if ride.status == RideStatus.EN_ROUTE:
        raise Conflict("ride_not_started", "This session has not started.")
    if ride.status != RideStatus.IN_PROGRESS or ride.start_time is None:
        raise Conflict(f"ride_{ride.status}", "The state of this ride does not allow that.")
    end_time = max(now, ride.start_time)  # the clock may have stepped back
    amount = fare(ride.tariff, elapsed(ride.start_time, end_time))
    changes = {
        "end_time": end_time,
        "ended_by": ended_by,
        "fare_amount": amount,
        "receipt_due_at": now + timedelta(seconds=settings.RECEIPT_AFTER_S),
    }
    ride.move(RideStatus.COMPLETED, actor=actor, at=now, reason=reason, **changes)
    flag_short_session(ride, now=now)  # before the payment, whose payout a flag holds
    flag_linked_accounts(ride, now=now)
    _charge(ride, outbox, PaymentKind.FARE, amount, now=now, collect=collect)


def cancel_ride(ride: Ride, *, actor: User | None, now: datetime, reason: Reason) -> None:
    """Cancel a ride. Raises `Conflict` if it is over; callers reject a ride whose session has started."""
    if ride.status not in (RideStatus.EN_ROUTE, RideStatus.IN_PROGRESS):
        raise Conflict(f"ride_{ride.status}", "The state of this ride does not allow that.")
    cancelled_at = max(now, ride.accepted_at)
    ride.move(
        RideStatus.CANCELLED, actor=actor, at=now, reason=str(reason), cancelled_at=cancelled_at, **reason.columns
    )


def charge_cancellation(ride: Ride, prices: Prices, outbox: Outbox, *, now: datetime) -> Payment | None:
    """Open the cancellation fee's payment, if one is due."""
    return _charge_fee(ride, outbox, PaymentKind.CANCELLATION_FEE, cancellation_fee(ride, prices, now), now=now)


def charge_no_show(ride: Ride, prices: Prices, outbox: Outbox, *, now: datetime) -> Payment | None:
    """Open the no-show fee's payment, if there is one."""
    return _charge_fee(ride, outbox, PaymentKind.NO_SHOW_FEE, prices.no_show_fee_amount, now=now)


def _charge_fee(ride: Ride, outbox: Outbox, kind: PaymentKind, amount: int, *, now: datetime) -> Payment | None:
    if not amount:
        return None
    ride.receipt_due_at = now + timedelta(seconds=settings.RECEIPT_AFTER_S)
    ride.save(update_fields=["receipt_due_at"])
    return _charge(ride, outbox, kind, amount, now=now)


def _charge(
    ride: Ride, outbox: Outbox, kind: PaymentKind, amount: int, *, now: datetime, collect: bool = True
) -> Payment:
    """Open a payment for a price of a ride. A tip has no tax and commission, and is not collected from the holds."""
    is_tip = kind == PaymentKind.TIP
    tax, commission_bps = (NO_TAX, 0) if is_tip else (ride.tax, ride.commission_bps)
    owed = charge(amount, ride.tariff_currency, tax=tax, commission_bps=commission_bps)
    share = PartnerShare(ride.partner, owed.share)
    bill = Bill(ride.pk, ride.user, kind, owed.amount, ride.tariff_currency, share, collect, tax=owed.tax)
    return open_payment(outbox, bill, now=now, request_id=None if is_tip else ride.request_id)


def rate_ride(ride: Ride, *, stars: int, comment: str) -> Ride:
    """Store the user's rating of a completed ride, once. Raises `Conflict`."""
    if ride.status != RideStatus.COMPLETED:
        raise Conflict("ride_not_completed", "Only a completed ride can be rated.")
    with effect() as answer:
        rate_partner(ride.partner_id, stars)  # first, because partners are locked before rides
        unrated = Ride.objects.filter(pk=ride.pk, status=RideStatus.COMPLETED, rating__isnull=True)
        if not unrated.update(rating=stars, rating_comment=comment):
            raise Conflict("already_rated", "This ride has been rated.")
        ride.rating, ride.rating_comment = stars, comment
        answer.result(ride)
    return ride


def tip_ride(ride: Ride, *, amount: int, currency: str, now: datetime) -> Payment:
    """Open the payment of a tip for a completed ride, once, in minor units. A tip over a cap is flagged.

    Raises: `Conflict`, `Invalid`.
    """
    if ride.status != RideStatus.COMPLETED:
        raise Conflict("ride_not_completed", "Only a completed ride can be tipped.")
    if currency != ride.tariff_currency:
        raise Invalid("invalid", "This ride is paid in %(currency)s.", "amount", currency=ride.tariff_currency.upper())
    counted = currency_of(currency)
    if amount < counted.minimum:
        least = money(counted.minimum, currency)
        raise Invalid("amount_too_small", "The smallest tip is %(least)s.", "amount", least=least)
    if amount % counted.step:
        raise Invalid("invalid", "This can't be paid in %(currency)s.", "amount", currency=currency.upper())
    try:
        with recorded() as outbox:
            require_tip_within_caps(ride, amount, now=now)
            tip = _charge(ride, outbox, PaymentKind.TIP, amount, now=now)
            outbox.result(tip)
    except (TipOverCap, TipsOverDailyCap) as refusal:
        flag_tip(ride, refusal, now=now)
        raise
    return tip
