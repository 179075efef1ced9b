"""Cells of the map that advice names: small enough to go to, large enough to tell of nobody in particular. Pure."""

import h3

RESOLUTION = 9  # of H3: cells of 0.1 km², some 350 m from middle to middle
WITHIN_M = 250  # no place of a cell is farther from its middle; within this, a partner has come


def cell_at(lat: float, lng: float) -> int:
    """Return the cell of a place in degrees."""
    return int(h3.str_to_int(h3.latlng_to_cell(lat, lng, RESOLUTION)))


def middle_of(cell: int) -> tuple[float, float]:
    """Return the latitude and longitude of a cell's middle, also of a cell of another resolution."""
    lat, lng = h3.cell_to_latlng(h3.int_to_str(cell))
    return float(lat), float(lng)
