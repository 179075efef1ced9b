"""Places by name, in the regions that we serve."""

from itertools import chain

from regions.geometry import polygon_contains
from regions.models import Region
from regions.search import geocoder
from regions.search.gazetteer import gazetteer
from regions.search.offline import Found, search
from regions.search.streets import Point
from regions.selectors import active_regions

SHOWN = 6


def places_named(text: str, *, near: Point | None, language: str) -> list[Found]:
    """Return at most `SHOWN` places that a text may mean, all where we serve, the likeliest first.

    Args:
        near: where the user is looking; names of the region there come first.
        language: that the geocoder, if one is set, answers in.
    """
    regions = active_regions()
    if near:
        regions = sorted(regions, key=lambda region: not _serves(region, near))
    offline = chain.from_iterable(search(text, gazetteer(region.slug)) for region in regions)
    found: dict[str, Found] = {}
    for each in chain(geocoder.ask(text, near=near, language=language), offline):
        if len(found) == SHOWN:
            break
        if any(_serves(region, each.at) for region in regions):
            found.setdefault(each.name.casefold(), each)
    return list(found.values())


def _serves(region: Region, at: Point) -> bool:
    return polygon_contains(region.boundary, *at)
