"""Scenes of friends who are invited: codes are entered, and first cheers are served and paid."""

from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, User
from notifications.events import recorded
from payments.books.attempts import take_cash
from payments.models import Payment
from regions.models import Region
from tests.cast import (
    EMPIRE_STATE,
    accept,
    end,
    match,
    open_offer,
    queue,
    report,
    start,
)


def enter(client: APIClient, code: str) -> Any:
    return client.post("/credit/code", {"code": code})


def served(user: User, nyc: Region) -> Payment:
    """The fare of a session that has just ended, which nobody has paid."""
    report(Partner.objects.get(), EMPIRE_STATE)
    request = queue(user)
    match(nyc)
    return Payment.objects.get(ride=end(start(accept(open_offer(request)))))


def pay(fare: Payment, staff: User) -> None:
    with recorded() as outbox:
        locked = Payment.objects.select_for_update(no_key=True).get(pk=fare.pk)
        take_cash(outbox, locked, locked.amount - locked.collecting_amount, actor=staff, now=timezone.now(), reason="")
