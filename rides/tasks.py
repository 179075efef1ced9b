"""Mails about rides."""

from uuid import UUID

from allauth.account.models import EmailAddress
from celery import shared_task
from django.conf import settings
from django.utils import timezone, translation

from accounts.mails import send_to
from accounts.selectors import notification_settings_of
from rides.models import Ride
from rides.receipts import receipt
from rides.states import RideStatus
from speedycheers.amounts import duration, money


@shared_task(name="mail_receipt")
def mail_receipt(ride_id: str) -> None:
    """Send a ride's receipt to its user, if they want that and have confirmed their address."""
    ride = Ride.objects.select_related("user").filter(pk=UUID(ride_id), status=RideStatus.COMPLETED).first()
    if ride is None or not notification_settings_of(ride.user).email_receipts:
        return
    if not EmailAddress.objects.filter(user=ride.user, email__iexact=ride.user.email, verified=True).exists():
        return
    bill = receipt(ride, now=timezone.now())
    with translation.override(ride.user.language or settings.LANGUAGE_CODE):
        context = {
            "name": ride.user.get_short_name(),
            "total": money(bill["total"]["amount"], bill["total"]["currency"]),
            "duration": duration(bill["elapsedS"]),
            "site": settings.SITE_URL,
            "request_id": ride.request_id,
        }
    send_to(ride.user, "rides/email/receipt", context)
