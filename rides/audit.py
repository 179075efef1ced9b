"""What rides and their bills promise."""

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
    known_values,
    one_each,
    streamed,
    unless,
    wrong_rows,
)
from payments.models import Payment, PaymentKind
from rides import fares
from rides.models import Ride
from rides.states import ACTIVE, RideStatus

CHECKS = Checks()


@CHECKS
def ride_statuses_are_known(now: datetime) -> Result:
    """A ride's status is one that we know."""
    return known_values(Ride.objects.all(), "status", RideStatus.values)


@CHECKS
def one_active_ride_per_partner(now: datetime) -> Result:
    """A partner is on one ride at most."""
    return one_each(Ride.objects.filter(status__in=ACTIVE), "partner_id")


@CHECKS
def one_active_ride_per_user(now: datetime) -> Result:
    """A user is served by one ride at most."""
    return one_each(Ride.objects.filter(status__in=ACTIVE), "user_id")


@CHECKS
def one_ride_per_request(now: datetime) -> Result:
    """A request has one ride at most that was not called off."""
    return one_each(Ride.objects.exclude(status=RideStatus.CANCELLED), "request_id")


@CHECKS
def rides_end_after_they_start(now: datetime) -> Result:
    """No session ends before it starts."""
    return wrong_rows(Ride.objects.all(), Ride.objects.filter(end_time__lt=F("start_time")))


@CHECKS
def ride_times_fit_the_status(now: datetime) -> Result:
    """A ride has just the times that its status means: started, ended with a fare, or cancelled."""
    never = {"end_time__isnull": True, "fare_amount__isnull": True}
    en_route = Q(status=RideStatus.EN_ROUTE, start_time__isnull=True, cancelled_at__isnull=True, **never)
    running = Q(status=RideStatus.IN_PROGRESS, start_time__isnull=False, cancelled_at__isnull=True, **never)
    cancelled = Q(status=RideStatus.CANCELLED, cancelled_at__isnull=False, **never)
    completed = Q(
        status=RideStatus.COMPLETED,
        start_time__isnull=False,
        end_time__isnull=False,
        fare_amount__isnull=False,
        cancelled_at__isnull=True,
    )
    return unless(Ride.objects.all(), en_route | running | cancelled | completed)


@CHECKS.of_kind(ODD)
def ride_times_go_forward(now: datetime) -> Result:
    """A ride is accepted before it starts, and before it is cancelled."""
    rides = Ride.objects.all()
    before = Q(start_time__lt=F("accepted_at")) | Q(cancelled_at__lt=F("accepted_at"))
    return wrong_rows(rides, rides.filter(before | Q(cancelled_at__lt=F("start_time"))))


@CHECKS
def ride_money_is_sane(now: datetime) -> Result:
    """A ride's tariff and fare are not negative, and its increment lasts."""
    fare = Q(fare_amount__isnull=True) | Q(fare_amount__gte=0)
    return unless(Ride.objects.all(), Q(tariff_amount__gte=0, tariff_increment_s__gte=1) & fare)


@CHECKS
def fares_are_right(now: datetime) -> Result:
    """A completed ride's fare is what its frozen tariff makes of its length."""
    return streamed(Ride.objects.filter(status=RideStatus.COMPLETED), lambda ride: not _is_right(ride))


def _is_right(ride: Ride) -> bool:
    if ride.start_time is None or ride.end_time is None or ride.tariff_increment_s < 1:
        return False
    return ride.fare_amount == fares.fare(ride.tariff, ride.end_time - ride.start_time)


@CHECKS
def completed_rides_are_charged(now: datetime) -> Result:
    """A completed ride has one payment of its fare, and no other ride has any."""
    inner = Payment.objects.filter(ride=OuterRef("pk"), kind=PaymentKind.FARE)
    return exactly_one(Ride.objects.all(), Q(status=RideStatus.COMPLETED), inner)


@CHECKS
def payments_fit_their_rides(now: datetime) -> Result:
    """A payment is its ride's user's, in its currency, for its fare, or a tip or fee that such a ride may have."""
    theirs = Q(user_id=F("ride__user_id"), currency=F("ride__tariff_currency"))
    fare = Q(kind=PaymentKind.FARE, amount=F("ride__fare_amount"))
    tip = Q(kind=PaymentKind.TIP, ride__status=RideStatus.COMPLETED)
    fee = Q(kind__in=[PaymentKind.CANCELLATION_FEE, PaymentKind.NO_SHOW_FEE], ride__status=RideStatus.CANCELLED)
    return unless(Payment.objects.all(), theirs & (fare | tip | fee))


@CHECKS
def payments_have_a_ride(now: datetime) -> Result:
    """Every payment is for a ride that is there."""
    payments = Payment.objects.all()
    return wrong_rows(payments, payments.exclude(Exists(Ride.objects.filter(pk=OuterRef("ride_id")))))


@CHECKS
def ratings_are_of_completed_rides(now: datetime) -> Result:
    """A rating is 1 to 5, of a completed ride."""
    rated = Q(rating__range=(1, 5), status=RideStatus.COMPLETED)
    return unless(Ride.objects.all(), Q(rating__isnull=True) | rated)


@CHECKS
def ratings_add_up(now: datetime) -> Result:
    """A partner's rating is that of their rides."""
    rated = Q(rides__rating__isnull=False)
    partners = Partner.objects.annotate(
        _count=Count("rides", filter=rated), _sum=Coalesce(Sum("rides__rating", filter=rated), 0)
    )
    return wrong_rows(Partner.objects.all(), partners.exclude(_count=F("rating_count"), _sum=F("rating_sum")))


add_history_checks(CHECKS, "ride", Ride, Ride.history, Ride.graph)
