"""What others see of a partner."""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Partner
from api.fields import LatLng
from positions.recording import Position


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
        """This partner, at this position if it may be shown."""
        location = LatLng(position.lat, position.lng) if position else None
        return cls(partner.pk, partner.name, partner.type, partner.rating, location)
