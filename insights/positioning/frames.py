"""The frame that tells a partner of advice. It says nothing of other partners, nor of requests."""

from typing import Any
from uuid import UUID

from insights.positioning.cells import WITHIN_M, middle_of
from insights.positioning.models import Advice
from notifications.events import Message, partner_recipient
from positions import Whereabouts
from regions.geometry import distance_m

DIGITS = 4  # of a degree: some 10 m


def frame_of(advice: Advice, here: Whereabouts | None) -> Message:
    """Tell a partner of their open advice, from where they are now."""
    lat, lng = middle_of(advice.cell)
    way_m = advice.distance_m if here is None else distance_m(here.lat, here.lng, lat, lng)
    told: dict[str, Any] = {
        "adviceId": str(advice.pk),
        "location": {"lat": round(lat, DIGITS), "lng": round(lng, DIGITS)},
        "locationWithinM": WITHIN_M,
        "distanceM": round(way_m),
        "expiresAt": advice.until.isoformat(),
    }
    return partner_recipient(advice.partner_id), "advice", {"advice": told}


def no_advice(partner: UUID) -> Message:
    """Tell a partner that their advice is over."""
    return partner_recipient(partner), "advice", {"advice": None}
