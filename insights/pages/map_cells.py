"""How a cell of the map is named in a table: by its H3 index and its middle."""

import h3

from insights.pages.tables import Unit

NAMES = {"cell": Unit.NAME, "lat": Unit.DEGREES, "lng": Unit.DEGREES}


def middle_of(cell: str) -> tuple[float, float]:
    """Return the latitude and longitude of the middle of a cell, in degrees."""
    lat, lng = h3.cell_to_latlng(cell)
    return round(lat, 5), round(lng, 5)
