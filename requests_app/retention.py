"""Makes requests coarse: their exact places, and the words that people typed."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Case, F, Value, When
from django.db.models.functions import Round

from requests_app.states import OfferStatus, RequestStatus

COARSE_DEGREES = 2  # digits after the point: about a kilometre


def _without_words_of(status: str) -> Case:
    """Clear a reason that a person typed, and keep a code that the program set."""
    return Case(When(status=status, then=Value("")), default=F("closed_because"))


# The columns to overwrite, and their new values. Overwriting them again changes nothing.
COARSE_REQUEST: Mapping[str, Any] = {
    "note": "",
    "lat": Round("lat", COARSE_DEGREES),
    "lng": Round("lng", COARSE_DEGREES),
    "closed_because": _without_words_of(RequestStatus.CANCELLED),
}
COARSE_OFFER: Mapping[str, Any] = {"closed_because": _without_words_of(OfferStatus.DECLINED)}
COARSE_RIDE: Mapping[str, Any] = {
    "start_lat": Round("start_lat", COARSE_DEGREES),
    "start_lng": Round("start_lng", COARSE_DEGREES),
    "rating_comment": "",
    "pin": "",
}
