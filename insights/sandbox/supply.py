"""A day with more partners than there were, or fewer."""

from dataclasses import replace
from math import ceil, cos, inf, pi, radians, sin

import numpy as np

from insights.sandbox.chance import share
from insights.sandbox.places import M_PER_DEGREE
from insights.sandbox.world import Day, Fix, Span, online

AWAY_M = 500.0  # how far from whom they double the others come online


def with_partners(day: Day, times: float, *, seed: int) -> Day:
    """Return the day with `times` as many partners: some of them stay at home, or others come whenever they do.

    The same seed leaves the same ones at home, and of two numbers the greater keeps all whom the smaller keeps.
    """
    if times < 1.0:
        stay = [share(seed, partner) < times for partner in range(day.partners)]
        return replace(day, spans=[each if stay[each.partner] else replace(each, since_s=inf) for each in day.spans])
    doubled = [
        (partner, copy)
        for copy in range(1, ceil(times))
        for partner in range(day.partners)
        if share(seed, partner, copy) < times - copy
    ]
    spans, places = list(day.spans), dict(day.places)
    for number, (partner, copy) in enumerate(doubled, day.partners):
        for at, span in enumerate(day.spans):
            if span.partner == partner:
                fixes = day.places.get((partner, online(at)), ())
                places[number, online(len(spans))] = [_away(fix, seed, partner, copy) for fix in fixes[:1]]
                spans.append(Span(number, span.since_s, span.until_s))
    columns = [*range(day.partners), *(partner for partner, _ in doubled)]
    return replace(day, spans=spans, places=places, fits=np.ascontiguousarray(day.fits[:, columns]))


def _away(fix: Fix, seed: int, partner: int, copy: int) -> Fix:
    at_s, lat, lng = fix
    angle = 2 * pi * share(seed, partner, copy, 1)
    metres = AWAY_M * share(seed, partner, copy, 2) ** 0.5
    east = metres * cos(angle) / (M_PER_DEGREE * max(0.01, cos(radians(lat))))
    return at_s, lat + metres * sin(angle) / M_PER_DEGREE, lng + east
