"""The story of a partner, on their page: decisions about them, offers, rides, and what staff have done.

Their presence, thousands of steps, is in the history of their page.
"""

from collections.abc import Iterator
from typing import Any

from django.utils.html import format_html

from accounts.models import Partner
from accounts.staff_regions import within
from accounts.states import Application
from backoffice.columns import amount_text, change_url, link, short_id
from backoffice.story import Line, by_staff
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus
from rides.models import Ride

SHOWN_MAX = 50  # of each kind, the newest


def story_of(partner: Partner, viewer: Any) -> Iterator[Line]:
    """Yield all that happened to a partner. Offers and rides are in it if the viewer may see them."""
    yield from by_staff(partner, SHOWN_MAX)
    if viewer.has_perm("rides.view_ride"):
        yield from _rides(partner, viewer)
    if viewer.has_perm("requests_app.view_offer"):
        yield from _offers(partner, viewer)
    for decision in partner.application_transitions.select_related("actor").order_by("-pk")[:SHOWN_MAX]:
        yield Line(decision.at, str(Application(decision.new).label), decision.reason, decision.actor)


def _rides(partner: Partner, viewer: Any) -> Iterator[Line]:
    rides = within(Ride.objects.filter(partner=partner), viewer, "request__region").order_by("-accepted_at")
    for ride in rides[:SHOWN_MAX]:
        to_ride, to_request = link(change_url(Ride, ride.pk), "Accepted"), _request(ride.request_id)
        yield Line(ride.accepted_at, format_html("{} request {}", to_ride, to_request), str(ride.get_status_display()))
        if ride.end_time is not None:
            yield Line(ride.end_time, "Session ended", amount_text(ride.fare_amount, ride.tariff_currency))


def _offers(partner: Partner, viewer: Any) -> Iterator[Line]:
    offers = within(Offer.objects.filter(partner=partner), viewer, "request__region").order_by("-created_at")
    for offer in offers[:SHOWN_MAX]:
        to_offer, to_request = link(change_url(Offer, offer.pk), "Offered"), _request(offer.request_id)
        yield Line(offer.created_at, format_html("{} request {}", to_offer, to_request), f"{offer.distance_m} m away")
        if offer.answered_at is not None:
            said = " ".join(part for part in (str(offer.get_closed_code_display()), offer.closed_note) if part)
            yield Line(offer.answered_at, format_html("{}: {}", to_offer, OfferStatus(offer.status).label), said)


def _request(pk: Any) -> Any:
    return link(change_url(CheerRequest, pk), short_id(pk))
