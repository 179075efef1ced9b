"""The promises of rides and their bills."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import Partner
from backoffice.audit import (
    ODD,
    Checks,
    Result,
    add_history_checks,
    exactly_one,
    one_each,
    unless,
    walked,
    wrong_rows,
)
from core.prices import fare
from payments.models import Payment
from payments.states import PaymentKind
from rides.models import Ride, RideSign
from rides.states import ACTIVE, RideStatus, Sign

CHECKS = Checks()


@CHECKS
def one_active_ride_per_user(now: datetime) -> Result:
    """A user has one active ride at most."""
    return one_each(Ride.objects.filter(status__in=ACTIVE), "user_id")


@CHECKS
def cancelled_rides_say_when(now: datetime) -> Result:
    """A ride has a time of cancellation if and only if it was cancelled."""
    cancelled, told = Q(status=RideStatus.CANCELLED), Q(cancelled_at__isnull=False)
    return unless(Ride.objects.all(), (cancelled & told) | (~cancelled & ~told))


@CHECKS.of_kind(ODD)
def ride_times_go_forward(now: datetime) -> Result:
    """A ride is accepted before it starts, and before it is cancelled."""
    rides = Ride.objects.all()
    before = Q(start_time__lt=F("accepted_at")) | Q(cancelled_at__lt=F("accepted_at"))
    return wrong_rows(rides, rides.filter(before | Q(cancelled_at__lt=F("start_time"))))


@CHECKS
def arrivals_are_explained(now: datetime) -> Result:
    """A ride with an arrival has the sign that says when it was noticed or reported."""
    rides = Ride.objects.filter(arrived_at__isnull=False)
    signs = RideSign.objects.filter(ride=OuterRef("pk"), sign__in=[Sign.NOTICED, Sign.REPORTED])
    return wrong_rows(rides, rides.exclude(Exists(signs)))


@CHECKS
def rides_are_under_the_agreed_prices(now: datetime) -> Result:
    """A ride's tariff, commission and tax are those that its request was made under."""
    rides = Ride.objects.filter(request__terms__isnull=False)
    same = Q(
        tariff_amount=F("request__terms__increment_amount"),
        tariff_currency=F("request__terms__currency"),
        tariff_increment_s=F("request__terms__increment_s"),
        commission_bps=F("request__terms__commission_bps"),
        tax_rate=F("request__terms__tax_rate"),
        tax_inclusive=F("request__terms__tax_inclusive"),
    )
    return wrong_rows(rides, rides.exclude(same))


@CHECKS
def fares_are_right(now: datetime) -> Iterator[Result]:
    """A completed ride's fare follows from its frozen tariff and its length."""
    return walked(Ride.objects.filter(status=RideStatus.COMPLETED), lambda ride: not _is_right(ride))


def _is_right(ride: Ride) -> bool:
    if ride.start_time is None or ride.end_time is None or ride.tariff_increment_s < 1:
        return False
    return ride.fare_amount == fare(ride.tariff, ride.end_time - ride.start_time)


@CHECKS
def completed_rides_are_charged(now: datetime) -> Result:
    """A completed ride has one payment of its fare, and other rides have none."""
    inner = Payment.objects.filter(ride=OuterRef("pk"), kind=PaymentKind.FARE)
    return exactly_one(Ride.objects.all(), Q(status=RideStatus.COMPLETED), inner)


@CHECKS
def payments_fit_their_rides(now: datetime) -> Result:
    """A payment has its ride's user and currency, and is for its fare, or a tip or fee that such a ride may have."""
    theirs = Q(user_id=F("ride__user_id"), currency=F("ride__tariff_currency"))
    added = Q(ride__tax_inclusive=False, amount=F("ride__fare_amount") + F("tax_amount"))
    fare = Q(kind=PaymentKind.FARE) & (Q(ride__tax_inclusive=True, amount=F("ride__fare_amount")) | added)
    tip = Q(kind=PaymentKind.TIP, ride__status=RideStatus.COMPLETED)
    fee = Q(kind__in=[PaymentKind.CANCELLATION_FEE, PaymentKind.NO_SHOW_FEE], ride__status=RideStatus.CANCELLED)
    return unless(Payment.objects.all(), theirs & (fare | tip | fee))


@CHECKS
def ratings_add_up(now: datetime) -> Result:
    """A partner's rating adds up the ratings of their rides."""
    rated = Q(rides__rating__isnull=False)
    partners = Partner.objects.annotate(
        _count=Count("rides", filter=rated), _sum=Coalesce(Sum("rides__rating", filter=rated), 0)
    )
    return wrong_rows(Partner.objects.all(), partners.exclude(_count=F("rating_count"), _sum=F("rating_sum")))


add_history_checks(CHECKS, "ride", Ride, Ride.history, Ride.graph)
