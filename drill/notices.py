"""Gathers what people had to be told, by the database, and what the outside services of a drill have taken for them.

A *notice* is something that somebody had to be told: a word to a user, a receipt, or an offer to a partner. A *telling*
is a push or a mail of it that a service has taken.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts.models import Partner, User
from accounts.words import TEXTS
from drill.absent import Person
from notifications.events import partner_recipient, user_recipient
from notifications.models import Event
from notifications.words import WordKind
from requests_app.models import CheerRequest, CheerRequestTransition, Offer, OfferTransition
from requests_app.reasons import RequestClosed
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.states import RideStatus
from testbed.mail_server import Mail
from testbed.push_service import Browser, Received, signed_claims

OFFER, RECEIPT = "offer", "receipt"
ACKNOWLEDGED_WITHIN_S = 3.0
TAKEN = 201
CHEER_PAGE = re.compile(r"/cheer/([0-9a-f-]{36})")
Key = tuple[str, str, str]  # email of the recipient, kind, id of the request or offer


@dataclass
class Notice:
    """Something that somebody had to be told. Times are in seconds since the epoch."""

    email: str
    kind: str
    about: str  # the id of the request, or of the offer
    at: float
    until: float | None = None  # then something else has overtaken it
    tellings: list["Telling"] = field(default_factory=list)

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.at, UTC)
        return f"{self.email} was to be told {self.kind} of {self.about} at {at:%H:%M:%S}, was told"

    @property
    def key(self) -> Key:
        return self.email, self.kind, self.about

    @property
    def due(self) -> float:
        return self.at if self.kind == RECEIPT else self.at + ACKNOWLEDGED_WITHIN_S


@dataclass(frozen=True)
class Telling:
    """One push or mail that a service has taken."""

    email: str
    channel: str  # the path of a device, or "mail"
    kind: str
    about: str
    at: float
    same: str  # equal for two that their receiver shows as one
    shown: str  # what a locked screen shows


# ---------------------------------------------------------------- what was to be told


def notices() -> list[Notice]:
    """Everything that the database says somebody had to be told."""
    found = [notice for ride in Ride.objects.select_related("user") for notice in _of_ride(ride)]
    gone = CheerRequestTransition.objects.filter(new=RequestStatus.NO_MATCH).select_related("subject__user")
    found += [_notice(row.subject.user, WordKind.NO_MATCH, row.subject_id, row.at) for row in gone]
    refused = CheerRequestTransition.objects.filter(new=RequestStatus.CANCELLED, reason=RequestClosed.CARD_DECLINED)
    for row in refused.select_related("subject__user"):
        found.append(_notice(row.subject.user, WordKind.PAYMENT, row.subject_id, row.at))
    ended = dict(OfferTransition.objects.exclude(new=OfferStatus.PENDING).values_list("subject_id", "at"))
    for offer in Offer.objects.select_related("partner__user"):
        until = min(offer.expires_at, ended.get(offer.pk, offer.expires_at))
        found.append(_notice(offer.partner.user, OFFER, offer.pk, offer.created_at, until))
    return found


def _notice(user: User, kind: str, about: Any, at: Any, until: Any = None) -> Notice:
    return Notice(user.email, str(kind), str(about), at.timestamp(), until.timestamp() if until else None)


def _of_ride(ride: Ride) -> Iterable[Notice]:
    over = ride.end_time or ride.cancelled_at
    yield _notice(ride.user, WordKind.COMING, ride.request_id, ride.accepted_at, ride.arrived_at or over)
    if ride.arrived_at is not None:
        yield _notice(ride.user, WordKind.ARRIVED, ride.request_id, ride.arrived_at, over)
    if ride.status == RideStatus.COMPLETED:
        yield _notice(ride.user, WordKind.OVER, ride.request_id, ride.end_time)
        yield _notice(ride.user, RECEIPT, ride.request_id, ride.end_time)


# ---------------------------------------------------------------- what was told


def pushes_of(person: Person, public_key: str) -> tuple[list[Telling], list[str]]:
    """The pushes that a person's devices were sent, and complaints about those that can't be verified or decrypted."""
    words, unreadable = [], []
    for device in person.devices:
        for message in device.messages():
            if message.status == 201:
                try:
                    words.append(_push(person, device, message, public_key))
                except Exception as error:  # whatever the reason, a browser would show nothing
                    unreadable.append(f"a push to {person.account.email}: {type(error).__name__}")
    return words, unreadable


def _push(person: Person, device: Browser, message: Received, public_key: str) -> Telling:
    signed_claims(message, public_key)
    push = device.read(message)
    late = push.get("late", {})
    shown = "\n".join([push["title"], push["body"], late.get("title", ""), late.get("body", "")])
    kind = OFFER if push["type"] == OFFER else push["kind"]
    about = push["offerId"] if kind == OFFER else _about(push["url"])
    tag = push["offerId"].replace("-", "") if kind == OFFER else push["tag"]
    assert message.headers["topic"] == tag, "another topic than tag"
    return Telling(person.account.email, device.path, kind, about, message.at, f"{tag} {kind}", shown)


def mails_of(mails: Iterable[Mail]) -> list[Telling]:
    """The mails that are words or receipts; others, such as those about the account, are left out."""
    titles = {str(title): str(kind) for kind, (title, _) in TEXTS.items()}
    words = []
    for mail in mails:
        same = str(mail.message["Message-ID"])
        kind = RECEIPT if same.startswith("<receipt-") else titles.get(str(mail.message["Subject"]), "")
        if kind:
            shown = str(mail.message["Subject"]) if kind == RECEIPT else mail.text
            words += [Telling(to, "mail", kind, _about(mail.text), mail.at, same, shown) for to in mail.to]
    return words


def _about(text: str) -> str:
    found = CHEER_PAGE.search(text)
    return found[1] if found else text


def event_of(notice: Notice) -> int | None:
    """The number of the event that reports the same as a notice; None if it is missing."""
    holder = User.objects.get(email=notice.email)
    partner = Partner.objects.filter(user=holder).first() if notice.kind == OFFER else None
    recipient = partner_recipient(partner.pk) if partner else user_recipient(holder.pk)
    events = [event for event in Event.objects.filter(recipient=recipient).order_by("seq") if _is_about(event, notice)]
    return next((event.seq for event in events if event.created_at.timestamp() >= notice.at), None)


def _is_about(event: Event, notice: Notice) -> bool:
    told = event.payload
    return notice.about in (told.get("offerId"), told.get("requestId"), told.get("ride", {}).get("requestId"))


def private_texts() -> set[str]:
    """Everything that a locked screen must not show, but for places: names, addresses and notes."""
    found = {text for row in User.objects.values_list("name", "email") for text in row}
    found |= set(Partner.objects.values_list("name", flat=True))
    found |= set(CheerRequest.objects.values_list("note", flat=True))
    return found - {""}
