"""The tables that show who pays for the shorter mean: small cases with known answers."""

import math

import numpy as np

from bench.fairness import FEWEST, fairness, more_unmatched, zones
from bench.policies import nearest_waiting, ours
from bench.replay import Case, replay


def test_zones_are_squares_of_two_kilometres() -> None:
    numbers = zones(np.array([100.0, 1900, 2100, 100]), np.array([0.0, 0, 0, -1]))
    assert numbers[0] == numbers[1]
    assert len(set(numbers.tolist())) == 3


def test_zones_are_compared_with_the_peer_and_small_ones_left_out() -> None:
    zone = np.repeat([0, 1, 2], [FEWEST, FEWEST, FEWEST - 1])
    peer_s = np.zeros(zone.size)
    wait_s = peer_s.copy()
    wait_s[FEWEST : FEWEST + FEWEST // 5] = math.nan
    assert more_unmatched(zone, wait_s, peer_s).tolist() == [20, 0]


def test_a_remote_request_is_reached_if_the_dial_allows_it() -> None:
    """In a shortage, the only free partner is 5 km away from the last request, and everybody else 4 km or more."""
    t = np.append(np.arange(10.0), 20.0)
    x = np.append(np.zeros(10), 4000.0)
    partners = np.append(np.zeros(10), 9000.0)
    case = Case(t, x, x * 0, np.full(11, 3000.0), partners, partners * 0)
    assert replay(case, ours()).unmatched == 1 / 11
    assert replay(case, ours(remote=2.0)).unmatched == 0


def test_requests_are_told_apart_by_how_far_their_partners_are() -> None:
    """Four partners, of whom three are counted: 100 m, 200 m and 300 m away from one request, 8 km from the other."""
    t, x = np.array([0.0, 1]), np.array([0.0, 8300])
    partners = np.array([100.0, 200, 300, -9000])
    case = Case(t, x, x * 0, np.full(2, 600.0), partners, partners * 0)
    lines = list(fairness([case], {"peer": lambda c: replay(c, nearest_waiting), "ours": lambda c: replay(c, ours())}))
    assert lines[0] == "| peer | 0 to 0.5 km | 50.0% | 0.0% | 0.4 |"
    assert lines[1].startswith("| peer | 4 to inf km | 50.0% | 0.0% |")
    assert [line.split(" | ")[1] for line in lines[2:4]] == ["all", "generalised wait 15.79 min"]
    assert len(lines) == 10
