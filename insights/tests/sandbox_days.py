"""Small days with known answers: places along a meridian, in metres north of one place."""

from collections.abc import Mapping, Sequence
from math import inf

import numpy as np

from insights.sandbox.places import M_PER_DEGREE
from insights.sandbox.world import NOBODY, Answer, Conditions, Day, Fix, Matcher, Requests, Span, online
from regions.geometry import S_PER_M

LAT, LNG = 40.75, -73.98
MATCHER = Matcher(
    candidates=20,
    searched_max=200,
    immediate=5,
    batch=100,
    waiting_max=2000,
    rounds_max=50,
    postpone_s=5.0,
    retry_base_s=1.0,
    retry_max_s=30.0,
    reoffer_after_s=120.0,
)
GIVEN = Conditions(radii_m=(2000, 5000, 10000), offer_ttl_s=20.0, patience_s=600.0, uncapped_m=180 / S_PER_M)


def north(metres: float) -> float:
    return LAT + metres / M_PER_DEGREE


def day(
    asked: Sequence[tuple[float, float]],
    partners: Sequence[float],
    *,
    answers: Mapping[tuple[int, int], Sequence[Answer]] | None = None,
    spans: Sequence[Span] | None = None,
    given: Conditions = GIVEN,
    ends_s: float = 86_400.0,
    session_s: float = 600.0,
    **requests: Sequence[float],
) -> Day:
    """Requests (second, metres north) and the places of partners, who are online all day and accept after 5 s."""
    t, metres = np.array(asked, float).reshape(-1, 2).T
    size = t.size
    facts = {
        "created_s": t,
        "ready_s": t,
        "lat": np.array([north(each) for each in metres]),
        "lng": np.full(size, LNG),
        "kind": np.zeros(size, np.int64),
        "partner": np.full(size, NOBODY),
        "leaves_s": np.full(size, inf),
        "regrets_s": np.full(size, inf),
        "before_s": np.zeros(size),
        "session_s": np.full(size, session_s),
    }
    facts |= {name: np.array(values) for name, values in requests.items()}
    own = [Span(number, 0.0, inf) for number in range(len(partners))] if spans is None else spans
    places: dict[tuple[int, int], Sequence[Fix]] = {
        (span.partner, online(number)): [(span.since_s, north(partners[span.partner]), LNG)]
        for number, span in enumerate(own)
    }
    return Day(
        begins_s=0.0,
        ends_s=ends_s,
        requests=Requests(**facts),
        spans=own,
        steps=[],
        places=places,
        sights={},
        looks={},
        answers=answers or {},
        usual_answers=[],
        fits=np.ones((1, len(partners)), bool),
        restricted=np.zeros(1, bool),
        conditions=[(0.0, given)],
    )
