"""The demand around partners: its unit, who shares it, and what is said where it is not known."""

import numpy as np
import pytest

from requests_app.matching.demand import LEAST, REACH_M, around, metres
from requests_app.matching.policy import RULES, cap_s

HERE = np.zeros(1)


def test_it_is_counted_by_the_hour_and_square_kilometre() -> None:
    """Requests spread evenly, 10 on each square kilometre in half an hour, are 20 an hour everywhere."""
    side = np.arange(-5000, 5000, 1000 / np.sqrt(10))
    x, y = (each.ravel() for each in np.meshgrid(side, side))
    assert around(HERE, HERE, x, y, seconds=1800)[0] == pytest.approx(20, rel=0.01)


def test_free_partners_share_it() -> None:
    asked = np.zeros(50)
    [alone] = around(HERE, HERE, asked, asked, seconds=1800)
    two = around(np.zeros(2), np.zeros(2), asked, asked, seconds=1800)
    far = around(np.array([0.0, 20 * REACH_M]), np.zeros(2), asked, asked, seconds=1800)
    assert two == pytest.approx([alone / 2, alone / 2], abs=0.01)
    assert far.tolist() == [alone, LEAST]


def test_an_unknown_place_has_none_and_takes_none() -> None:
    asked = np.zeros(50)
    known, unknown = around(np.array([0.0, np.nan]), np.array([0.0, np.nan]), asked, asked, seconds=1800)
    assert (known, unknown) == (around(HERE, HERE, asked, asked, seconds=1800)[0], 0.0)


def test_metres_are_those_on_the_ground() -> None:
    x, y = metres(np.array([40.0, 40.01]), np.array([-74.0, -73.99]), middle_lat=40.0)
    assert (x[1] - x[0], y[1] - y[0]) == (pytest.approx(852, rel=0.01), pytest.approx(1112, rel=0.01))


def test_the_cap_shrinks_with_the_cube_root_of_demand() -> None:
    new = np.zeros(4)
    caps = cap_s(new, np.array([0.0, LEAST, 0.5, 4.0]), shortage=80)
    assert caps[0] == RULES.cap_s / 2  # by the requests of the region
    assert caps[1] == RULES.cap_s
    assert caps[2] / caps[3] == pytest.approx(2)
    assert cap_s(new, 1e6, shortage=80).tolist() == [RULES.cap_least_s] * 4
