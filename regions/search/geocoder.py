"""Another search, by setting: any that answers as Photon does (https://github.com/komoot/photon, `/api`)."""

import json
import logging
import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from core import outward
from regions.search.offline import Found
from regions.search.streets import Point

log = logging.getLogger(__name__)

TOTAL_S = 2.0  # somebody is waiting while they type
ASKED_FOR = 6
REST_S = 30.0  # after a failure nobody waits for it again so soon
LANGUAGES = ("en", "de", "fr")  # of Photon; others are answered in the language of the place


class _Rest:
    """The time after a failure in which this process asks no more."""

    ends_at = 0.0  # monotonic seconds

    def begin(self) -> None:
        self.ends_at = time.monotonic() + REST_S

    def end(self) -> None:
        self.ends_at = 0.0

    def __bool__(self) -> bool:
        return time.monotonic() < self.ends_at


rest = _Rest()


def ask(text: str, *, near: Point | None, language: str) -> list[Found]:
    """Return what `GEOCODER_URL` finds, the likeliest first; nothing without the setting, or if it does not answer."""
    if not settings.GEOCODER_URL or rest:
        return []
    try:
        answer = outward.get(_address(text, near, language), headers={"Accept": "application/json"}, total_s=TOTAL_S)
        if answer.status_code == 200:
            return found_in(json.loads(answer.body))
        log.warning("The geocoder answers with status %d.", answer.status_code)
    except (outward.BadAddress, outward.Unreachable, ValueError) as error:
        log.warning("The geocoder can't be used: %s.", type(error).__name__)
    rest.begin()
    return []


def _address(text: str, near: Point | None, language: str) -> str:
    query: dict[str, object] = {"q": text, "limit": ASKED_FOR}
    if near:
        query |= {"lat": near[0], "lon": near[1]}
    if language in LANGUAGES:
        query["lang"] = language
    return f"{settings.GEOCODER_URL}?{urlencode(query)}"


def found_in(content: Any) -> list[Found]:
    """Return the places of a GeoJSON answer; those without a name or a point are left out."""
    features = content.get("features") if isinstance(content, dict) else None
    return [found for found in map(_found, features if isinstance(features, list) else []) if found]


def _found(feature: Any) -> Found | None:
    try:
        lng, lat = map(float, feature["geometry"]["coordinates"])
        about = feature["properties"]
        name, street, house = (str(about.get(key) or "") for key in ("name", "street", "housenumber"))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    address = f"{house} {street}".strip()
    if not (name or address) or not (-90 <= lat <= 90 and -180 <= lng <= 180):
        return None
    return Found((name or address)[:120], "place" if name else "address", (lat, lng))
