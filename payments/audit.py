"""What money promises, as far as this app can see."""

from datetime import datetime

from django.db.models import F, Q

from api.audit import GRACE, OVERDUE, Checks, Result, add_history_checks, known_values, one_each, unless, wrong_rows
from payments.models import Payment, PaymentKind, ProviderEvent
from payments.states import PaymentStatus

CHECKS = Checks()


@CHECKS
def one_payment_per_ride_and_kind(now: datetime) -> Result:
    """A ride has one payment of a kind at most."""
    return one_each(Payment.objects.all(), "ride_id", "kind")


@CHECKS
def payment_statuses_are_known(now: datetime) -> Result:
    """A payment's status is one that we know."""
    return known_values(Payment.objects.all(), "status", PaymentStatus.values)


@CHECKS
def payment_kinds_are_known(now: datetime) -> Result:
    """A payment is of a kind that we know."""
    return known_values(Payment.objects.all(), "kind", PaymentKind.values)


@CHECKS
def amounts_are_not_negative(now: datetime) -> Result:
    """No amount is negative."""
    return unless(Payment.objects.all(), Q(amount__gte=0, refunded_amount__gte=0))


@CHECKS
def no_more_is_refunded_than_was_paid(now: datetime) -> Result:
    """What is refunded is at most the amount."""
    return unless(Payment.objects.all(), Q(refunded_amount__lte=F("amount")))


@CHECKS
def refunds_fit_the_status(now: datetime) -> Result:
    """Refunded means all of it, partially refunded means some, and any other status means nothing."""
    some = Q(refunded_amount__gt=0, refunded_amount__lt=F("amount"))
    whole = Q(status=PaymentStatus.REFUNDED, refunded_amount=F("amount"))
    none = Q(refunded_amount=0) & ~Q(status__in=[PaymentStatus.REFUNDED, PaymentStatus.PARTIALLY_REFUNDED])
    return unless(Payment.objects.all(), whole | (some & Q(status=PaymentStatus.PARTIALLY_REFUNDED)) | none)


@CHECKS
def one_payment_per_provider_reference(now: datetime) -> Result:
    """What the provider has taken pays for one payment."""
    return one_each(Payment.objects.exclude(third_party_reference_id=""), "third_party_reference_id")


@CHECKS.of_kind(OVERDUE)
def provider_events_are_processed(now: datetime) -> Result:
    """What the provider told us has been acted on."""
    events = ProviderEvent.objects.all()
    return wrong_rows(events, events.filter(processed_at__isnull=True, received_at__lt=now - GRACE))


add_history_checks(CHECKS, "payment", Payment, Payment.history, Payment.graph)
