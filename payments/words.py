"""The pages of words about cards. A word whose payment or hold no longer needs the user is not sent."""

from uuid import UUID

from django.urls import reverse

from accounts.words import word_page
from notifications.words import WordKind
from payments.models import Hold, Payment
from payments.states import HoldStatus, PaymentStatus


@word_page(WordKind.PAYMENT)
def _page(about: UUID) -> str | None:
    payment = Payment.objects.filter(pk=about).first()
    if payment is None:
        return _page_of_hold(about)
    if payment.status == PaymentStatus.REQUIRES_ACTION:
        return reverse("confirm-payment", args=[about])
    return reverse("wallet") if payment.status == PaymentStatus.FAILED else None


def _page_of_hold(about: UUID) -> str | None:
    hold = Hold.objects.filter(pk=about).first()
    if hold is None:
        return None
    if hold.failure:  # declined, and the request cancelled
        return f"/cheer/{hold.request_id}"
    waits = hold.status == HoldStatus.REQUIRES_ACTION and not hold.unwanted
    return reverse("confirm-hold", args=[about]) if waits else None
