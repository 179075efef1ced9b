"""Places where free partners should wait: small scenes with known answers."""

import numpy as np
import pytest

from insights.positioning.places import (
    ADVISING,
    SERVING,
    Advising,
    Demand,
    advise,
    better_places,
    expected_m,
    in_cells,
    serving,
)

SURE = Advising(crowd=1e6, steps=100)  # everybody free stays free
EVERYBODY = np.array([True, True])


def along(*places: float) -> np.ndarray:
    return np.array(places, float)


def demand(*places: float) -> Demand:
    """Equal demand at places along one street, in metres."""
    x = along(*places)
    return Demand(x, x * 0, np.ones(x.size))


def test_demand_in_cells_keeps_its_weight_and_lies_at_its_mean() -> None:
    found = in_cells(along(10, 90, -10), along(0, 0, 0), along(1, 3, 2), 100.0)
    assert found.x.tolist() == [-10, 70]
    assert found.weight.tolist() == [2, 4]


def test_the_nearest_serves_first_and_the_next_if_they_are_taken() -> None:
    found = serving(demand(0), along(500, 100), along(0, 0), 0.5)
    assert found.partner.tolist() == [[1, 0]]
    assert found.distance_m.tolist() == [[100, 500]]
    assert found.share.tolist() == [[0.5, 0.25]]
    assert expected_m(demand(0), along(500, 100), along(0, 0), 0.5) == pytest.approx((0.5 * 100 + 0.25 * 500) / 0.75)


def test_of_many_partners_only_the_nearest_serve() -> None:
    x = np.arange(SERVING + 5) * 100.0
    assert serving(demand(0), x, x * 0, 0.5).partner[0].tolist() == list(range(SERVING))


def test_one_partner_goes_to_the_median() -> None:
    x, y = better_places(demand(0, 1000, 9000), along(8000), along(0), np.array([True]), SURE)
    assert x[0] == pytest.approx(1000, abs=100)
    assert y[0] == 0


def test_two_partners_share_two_places() -> None:
    x, _ = better_places(demand(0, 100, 5000, 5100), along(2400, 2600), along(0, 0), EVERYBODY, SURE)
    assert sorted(x) == pytest.approx([50, 5050], abs=100)


def test_who_stays_is_taken_into_account() -> None:
    """The partner at 0 does not move, so the other one goes to the place that nobody covers."""
    x, _ = better_places(demand(0, 0, 5000), along(0, 1000), along(0, 0), np.array([False, True]), SURE)
    assert x[0] == 0
    assert x[1] == pytest.approx(5000, abs=150)


def test_the_expected_distance_becomes_shorter() -> None:
    rng = np.random.default_rng(3)
    places = Demand(*rng.normal(0, 3000, (2, 200)), weight=rng.uniform(0, 2, 200))
    x, y = rng.normal(0, 3000, (2, 30))
    after_m = expected_m(places, *better_places(places, x, y, np.ones(30, bool)), 0.7)
    assert after_m < 0.85 * expected_m(places, x, y, 0.7)


def test_nobody_is_sent_past_another() -> None:
    """A place found for one partner is given to another who is nearer to it; no place is given twice."""
    rng = np.random.default_rng(4)
    places = Demand(*rng.normal(0, 3000, (2, 200)), weight=np.ones(200))
    x, y = rng.normal(0, 500, (2, 12))
    movable = np.ones(12, bool)
    to_x, to_y = advise(places, x, y, movable, Advising(least_m=0, least_share=0))
    found_x, found_y = better_places(places, x, y, movable)
    assert sorted(to_x) == pytest.approx(sorted(found_x))
    assert np.hypot(to_x - x, to_y - y).sum() <= np.hypot(found_x - x, found_y - y).sum()


def test_a_short_way_is_not_worth_a_move() -> None:
    for least_m, moves in ((900, True), (1100, False)):
        to_x, _ = advise(demand(1000), along(0), along(0), np.array([True]), Advising(least_m=least_m))
        assert (to_x[0] > 0) == moves


def test_the_more_partners_are_free_the_less_each_is_counted_on() -> None:
    assert ADVISING.still_free(0) == 1
    assert ADVISING.still_free(60) == 0.5


@pytest.mark.parametrize("partners", [0, 2])
@pytest.mark.parametrize("places", [(), (1000.0,)])
def test_without_demand_or_partners_who_move_nobody_does(partners: int, places: tuple[float, ...]) -> None:
    x = np.arange(partners) * 100.0
    to_x, to_y = advise(demand(*places), x, x * 0, np.zeros(partners, bool))
    assert to_x.tolist() == x.tolist()
    assert not to_y.any()
