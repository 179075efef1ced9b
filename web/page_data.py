"""Data for the pages' scripts: JSON in the page, in the API's shapes, so that the first paint needs no call."""

import json
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.utils.translation import gettext

from accounts.locations import Located
from accounts.models import Partner, Role, User
from accounts.serializers import partner_body
from core import clock
from insights.arrival.selectors import slowness_of
from payments.books.credits import spendable_by_region
from regions.geometry import SPEED_M_PER_S, STREET_FACTOR
from regions.models import Prices, Region
from regions.selectors import active_regions, offer_ttl, why_closed
from regions.taxes import tax_note
from requests_app.models import CheerRequest, RequestType, ScheduledRequest, ShareLink
from requests_app.planning.places import places_of
from requests_app.planning.serializers import SavedPlaceSerializer, ScheduledRequestSerializer
from requests_app.selectors import open_offers_of, prices_of
from requests_app.serializers import offer_body, request_body
from requests_app.sharing.serializers import shared_body
from requests_app.states import ScheduledStatus
from rides.models import Ride
from rides.selectors import active_ride_of_partner
from rides.serializers import ride_body
from web.sources import source_text
from web.templatetags.cheers import DRAWN_KINDS

Data = dict[str, Any]


def region_data(region: Region, agreed: Prices | None = None) -> Data:
    """A region's boundary and prices, or those that a user has agreed to. Amounts are minor units.

    `closed` is a sentence while the region takes no requests, else empty.
    """
    prices = agreed or region
    return {
        "slug": region.slug,
        "name": region.name,
        "boundary": region.boundary,
        "timeZone": region.time_zone,
        "tariff": {"amount": prices.increment_amount, "currency": prices.currency, "incrementS": prices.increment_s},
        "taxNote": tax_note(prices),
        "cancellation": {"amount": prices.cancellation_fee_amount, "graceS": prices.cancellation_grace_s},
        "pricesDigest": prices.prices_digest,
        "closed": why_closed(region, clock.now()),
        "map": map_data(region.slug),
    }


def map_data(slug: str) -> Data | None:
    """A region's map (static/map/README.md) with its files' addresses; None if only the boundary is drawn."""
    found = _maps().get(slug)
    return found and {**found, **{part: static(f"map/{found[part]}") for part in ("ground", "zones")}}


@cache
def _maps() -> dict[str, Data]:
    maps: dict[str, Data] = json.loads(source_text("map/places.json"))
    return maps


def tiles() -> Data | None:
    """The source of the map's tiles; None if we draw the ground ourselves."""
    url = settings.MAP_TILES_URL
    return {"url": url, "attribution": settings.MAP_TILES_ATTRIBUTION} if url else None


def request_screen(user: User, regions: Collection[Region], again: CheerRequest | None, *, now: datetime) -> Data:
    """The data of the request screen. `again`: a request whose details fill the form."""
    credit = spendable_by_region(user.pk, regions, now=now)
    planned = ScheduledRequest.objects.filter(user=user, status=ScheduledStatus.WAITING).order_by("scheduled_for")
    return {
        "regions": [{**region_data(region), "credit": credit[region.pk]} for region in regions],
        "tiles": tiles(),
        "savedPlaces": SavedPlaceSerializer(places_of(user), many=True).data,
        "planned": ScheduledRequestSerializer(planned.select_related("region"), many=True).data,
        "again": again
        and {
            # A rounded place would send the partner to a wrong door.
            "location": None if again.coarse else {"lat": again.lat, "lng": again.lng},
            "requestType": again.request_type_id,
            "note": again.note,
        },
    }


def cheer_screen(request: CheerRequest, viewer: User, *, now: datetime) -> Data:
    """The data of the live screen. The page measures the error of the device's clock by `now`."""
    body = request_body(request, viewer, live=True)
    ride = Ride.objects.select_related("partner__region", "user").filter(pk=body["rideId"]).first()
    return {
        "now": now.isoformat(),
        "live": viewer.role == Role.USER,  # only users have this socket; a former user who is a partner now has none
        "request": body,
        "ride": ride and ride_body(ride, viewer),
        "region": region_data(request.region, prices_of(request)),
        "tiles": tiles(),
        "offerTtlS": offer_ttl(request.region_id).total_seconds(),
        "travel": travel_in(request.region, now=now),
    }


def shared_screen(link: ShareLink, token: str) -> Data:
    """The data of a shared cheer's page."""
    request = link.request
    return {
        "token": token,
        "cheer": shared_body(link),
        "region": region_data(request.region, prices_of(request)),
        "tiles": tiles(),
        "travel": travel_in(request.region, now=clock.now()),
    }


def partner_console(partner: Partner, *, now: datetime) -> Data:
    """The data of the partner's console."""
    ride = active_ride_of_partner(partner)
    return {
        "now": now.isoformat(),
        "partner": partner_body(Located.now(partner)),
        "offers": [offer_body(offer) for offer in open_offers_of(partner, now=now)],
        "ride": ride and ride_body(ride, partner.user),
        "regions": [region_data(region) for region in active_regions()],
        "tiles": tiles(),
        "offerTtlS": offer_ttl(partner.region_id).total_seconds(),
        "types": {kind.slug: kind_data(kind) for kind in RequestType.objects.all()},
        "travel": travel(),
    }


def kind_data(kind: RequestType) -> Data:
    """A kind of cheer: its name and its picture, which is a drawing or an emoji."""
    return {"name": gettext(kind.name), "icon": kind.icon, "drawn": kind.slug in DRAWN_KINDS}


def travel() -> Data:
    """The numbers by which matching turns a straight line into minutes, so that the page estimates alike."""
    return {"speedMps": SPEED_M_PER_S, "streetFactor": STREET_FACTOR}


def travel_in(region: Region, *, now: datetime) -> Data:
    """As `travel`, at the pace that a region has at this hour, as far as it is known."""
    return {**travel(), "speedMps": SPEED_M_PER_S / slowness_of(region, now=now)}
