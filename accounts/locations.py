"""A partner's present position, live or as last stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from accounts.models import Partner
from core import valkey
from positions.layout import Position
from positions.live import held


@dataclass(frozen=True, slots=True)
class Located:
    """A partner and their position, read outside any transaction."""

    partner: Partner
    position: Position | None

    @classmethod
    def now(cls, partner: Partner) -> "Located":
        """Read the partner's current position. Call it outside a transaction."""
        return cls(partner, current_location(partner))


def current_location(partner: Partner) -> Position | None:
    """Return a partner's live position, or the last one in the database if Valkey has none or does not answer.

    Call it outside a transaction.
    """
    if partner.region is not None:
        try:
            live = held(partner.region.slug, [partner.pk]).get(partner.pk)
        except valkey.Unreachable:
            live = None
        if live:
            return live[0]
    return stored_location(partner)


def fresh_location(partner: Partner, *, now: datetime) -> Position | None:
    """Return the position that shows where a partner is at `now`; None if there is no fresh one.

    It was recorded, and received, within `POSITION_FRESH_S`. Call it outside a transaction.
    """
    oldest = now - timedelta(seconds=settings.POSITION_FRESH_S)
    live = None
    if partner.region is not None:
        try:
            live = held(partner.region.slug, [partner.pk]).get(partner.pk)
        except valkey.Unreachable:
            live = None
    if live is None:
        stored = stored_location(partner)
        return stored if stored and stored.recorded_at >= oldest else None
    position, received_at = live
    return position if min(position.recorded_at, received_at) >= oldest else None


def stored_location(partner: Partner) -> Position | None:
    """The last position in the database, about a second behind the live one."""
    if partner.lat is None or partner.lng is None:
        return None
    return Position(partner.lat, partner.lng, partner.position_at or datetime.fromtimestamp(0, UTC))
