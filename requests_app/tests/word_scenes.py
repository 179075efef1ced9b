"""Scenes of users who have no page open."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import DeferredMail, User
from notifications.models import Stream
from notifications.services import acknowledge
from notifications.words import ACKNOWLEDGED_WITHIN, WordKind
from ops.sweep import sweep_deadlines
from regions.models import Region
from requests_app.models import CheerRequest
from testbed.push_service import Browser
from tests.cast import Clock, accept, arrive, end, match, open_offer, queue, start

AFTER_S = ACKNOWLEDGED_WITHIN.total_seconds()


def quiet() -> None:
    """Forget the mails of how people have come here."""
    DeferredMail.objects.all().delete()
    mail.outbox.clear()


def asked(user: User, nyc: Region) -> CheerRequest:
    """The user's request, offered to the partner."""
    quiet()
    request = queue(user, now=timezone.now())
    match(nyc)
    return request


def until_over(user: User, nyc: Region, kind: str, clock: Clock) -> CheerRequest:
    """Lead a request to the state that a word of this kind reports."""
    quiet()
    if kind == WordKind.NO_MATCH:
        request = queue(user, now=clock.now)
        clock.now = request.give_up_at
        sweep_deadlines(clock.now)
        return request
    request = asked(user, nyc)
    ride = accept(open_offer(request))
    for step in {WordKind.COMING: (), WordKind.ARRIVED: (arrive,), WordKind.OVER: (start, end)}[WordKind(kind)]:
        ride = step(ride)
    return request


TITLES = {
    "coming": "A partner is on the way",
    "arrived": "Your partner has arrived",
    "no_match": "Nobody could be found",
    "over": "Your cheer is over",
}


def acknowledged(user: User) -> None:
    """A socket of the user has everything."""
    stream = Stream.objects.get(recipient=f"user:{user.pk}")
    acknowledge({stream.recipient: (stream.last_seq, stream.epoch)})


def who_is_told(request: pytest.FixtureRequest, by: str) -> Callable[[], list[tuple[str, str]]]:
    """Title and link of everything that reaches the user by this channel."""
    if by == "push":
        device: Browser = request.getfixturevalue("device")
        return lambda: [(shown["title"], shown["url"]) for shown in device.shown()]
    return lambda: [(str(sent.subject), str(sent.body).split("\n\n")[1]) for sent in mail.outbox]
