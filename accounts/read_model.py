"""The read model of a partner as others see them."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Partner
from api.fields import LatLng
from positions.layout import Position


@dataclass(frozen=True, slots=True)
class VisiblePartner:
    """A partner as the user sees them, from acceptance to completion."""

    id: UUID
    name: str
    type: str
    rating: float | None
    location: LatLng | None

    @classmethod
    def of(cls, partner: Partner, position: Position | None) -> "VisiblePartner":
        """Build it from a partner and their position; None hides the position."""
        location = LatLng(position.lat, position.lng) if position else None
        return cls(partner.pk, partner.name, partner.type, partner.rating, location)
