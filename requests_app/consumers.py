"""The sockets of partners and users."""

import time
from typing import Any, ClassVar

from django.db import router

from accounts.locations import Located
from accounts.models import Partner, Role, User
from accounts.serializers import partner_body
from accounts.states import PartnerStatus
from core import clock
from core.errors import Missing
from core.metrics import STAGE
from core.rows import read_row
from notifications.commands import Command
from notifications.consumers import EventConsumer
from notifications.events import UNSEQUENCED, partner_recipient, user_recipient
from notifications.frames import Frame
from requests_app.selectors import open_offers_of, open_request_of
from requests_app.serializers import offer_body, request_body
from requests_app.serving import partner_commands
from requests_app.states import RequestStatus
from rides.selectors import active_ride_of_partner, active_ride_of_user
from rides.serializers import ride_body

OFFER_FRAME = '{"type":"offer",'


def _location(user: User, data: Any) -> None:
    partner_commands.update_location(user, data)


def _accept(user: User, data: Any) -> Frame:
    return {"ride": ride_body(partner_commands.accept(user, data), user)}


def _decline(user: User, data: Any) -> None:
    partner_commands.decline(user, data)


def _status(user: User, data: Any) -> Frame:
    return {"partner": partner_body(partner_commands.set_status(user, data))}


class PartnerConsumer(EventConsumer):
    """`/partner/notification`: sends offers, and receives answers and positions."""

    commands: ClassVar[dict[str, Command]] = {
        "location": _location,
        "accept": _accept,
        "decline": _decline,
        "status": _status,
    }
    silent_commands = frozenset({"location"})
    command_rates: ClassVar[dict[str, str]] = {"location": "position", "status": "status"}

    _region = ""
    _unseen: tuple[int, float] | None = None  # the number of the last offer, and when it was sent

    def deliver(self, seq: int, text: str, epoch: int = 0) -> bool:
        """Send one pushed frame, and time offers until they are acknowledged."""
        if seq != UNSEQUENCED and text.startswith(OFFER_FRAME):
            self._unseen = seq, time.monotonic()
        return super().deliver(seq, text, epoch)

    def acknowledge(self, seq: Any) -> None:
        """Note that the client has read up to an event. Raises `Invalid`."""
        super().acknowledge(seq)
        if self._unseen is not None and self._unseen[0] <= seq:
            STAGE.observe(time.monotonic() - self._unseen[1], "seen", self._region)
            self._unseen = None

    def recipient_of(self, user: User) -> str | None:
        return partner_recipient(user.partner.pk) if user.role == Role.PARTNER else None

    def snapshot(self, *, account_is_new: bool) -> Frame:
        partner = self.user.partner
        if not account_is_new:
            partner = read_row(Partner, "region", using=router.db_for_read(Partner), id=partner.pk)
        if partner is None:
            raise Missing
        self._region = "" if partner.region is None else partner.region.slug
        # The status says whether there is anything else to read: few of those who connect have an offer or a ride.
        ride = active_ride_of_partner(partner) if partner.status == PartnerStatus.BUSY else None
        offers = open_offers_of(partner, now=clock.now()) if partner.status == PartnerStatus.OFFERED else ()
        return {
            "partner": partner_body(Located.now(partner)),
            "offers": [offer_body(offer) for offer in offers],
            "ride": ride and ride_body(ride, self.user),
        }


class UserConsumer(EventConsumer):
    """`/user/notification`: sends the state of request and ride, and the partner's position."""

    def recipient_of(self, user: User) -> str | None:
        return user_recipient(user.pk) if user.role == Role.USER else None

    def snapshot(self, *, account_is_new: bool) -> Frame:
        request = open_request_of(self.user)
        accepted = request is not None and request.status == RequestStatus.ACCEPTED
        ride = active_ride_of_user(self.user) if accepted else None
        return {
            "request": request and request_body(request, self.user, live=True),
            "ride": ride and ride_body(ride, self.user),
        }
