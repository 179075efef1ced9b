"""The replay of pickups: small cases with known answers."""

import gzip
import math
from pathlib import Path

import numpy as np
import pytest

from bench.policies import (
    ABLATION,
    bound,
    decide_with_finishing,
    expected_remaining_s,
    fifo_nearest,
    nearest_waiting,
    ours,
)
from bench.policy import contenders, row
from bench.replay import PATIENCE_S, SERVICE_MEAN_S, Case, Pickups, Policy, Result, make_case, replay
from regions.geometry import S_PER_M
from requests_app.matching.policy import Pairs

POLICIES: list[Policy] = [fifo_nearest, nearest_waiting, ours()]


def case(requests: list[tuple[float, float]], partners: list[float], service_s: float = 600.0) -> Case:
    """Requests (second, metres east) and partners (metres east) along one street."""
    t, x = np.array(requests, float).T
    return Case(t, x, x * 0, np.full(t.size, service_s), np.array(partners), np.zeros(len(partners)))


@pytest.fixture
def pickups(tmp_path: Path) -> Pickups:
    rng = np.random.default_rng(7)
    lines = ["t,lat,lng"]
    for minute in range(120):
        moment = f"2014-05-02T{17 + minute // 60}:{minute % 60:02}"
        lines += [f"{moment},{40.75 + rng.normal(0, 0.02)},{-73.98 + rng.normal(0, 0.02)}" for _ in range(2)]
    path = tmp_path / "pickups.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("\n".join(lines))
    return Pickups.read(path)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_lone_request(policy: Policy) -> None:
    result = replay(case([(10, 0)], [3000, -1000]), policy)
    assert result.unmatched == 0
    assert result.mean_wait == result.generalised == pytest.approx(1000 * S_PER_M / 60)


@pytest.mark.parametrize("policy", POLICIES)
def test_one_who_waits_in_vain(policy: Policy) -> None:
    result = replay(case([(0, 0), (1, 0)], [0]), policy)
    assert (result.unmatched, result.generalised) == (0.5, 7.5)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_partner_is_free_again_where_the_session_was(policy: Policy) -> None:
    result = replay(case([(0, 0), (1, 100)], [0], service_s=200), policy)
    assert result.mean_wait * 120 == pytest.approx(0 + 199 + 100 * S_PER_M)


def test_what_tells_the_simple_policies_apart() -> None:
    """A partner comes free at 0: the older request is 900 m away, the newer one 100 m."""
    known = case([(0, 0), (1, 900), (2, 100)], [0], service_s=PATIENCE_S - 50)
    assert replay(known, nearest_waiting).p95_wait < replay(known, fifo_nearest).p95_wait


@pytest.mark.parametrize("load", [1.15, 0.7])
def test_the_same_seed_gives_the_same_answer(pickups: Pickups, load: float) -> None:
    window = ("2014-05-02T17:00", "2014-05-02T19:00")
    cases = [make_case(pickups, *window, load=load, seed=seed) for seed in (1, 1, 2)]
    first, again, other = (replay(known, ours()) for known in cases)
    assert first == again != other
    assert cases[0].start_x.size == round(240 / 7200 * (SERVICE_MEAN_S + 240) / load)


def test_nobody_beats_the_bound(pickups: Pickups) -> None:
    known = make_case(pickups, "2014-05-02T17:00", "2014-05-02T19:00", load=1.15, seed=1)
    for policy in (*POLICIES, *ABLATION.values()):
        assert bound(known).generalised <= replay(known, policy).generalised


def test_only_pickups_in_the_box(pickups: Pickups, tmp_path: Path) -> None:
    inside = Pickups.read(tmp_path / "pickups.csv.gz", (40.75, -74.5, 41, -73))
    assert 0 < inside.t.size < pickups.t.size == 240


def test_a_session_is_expected_to_take_its_mean() -> None:
    assert expected_remaining_s(np.array([0.0]))[0] == pytest.approx(SERVICE_MEAN_S)
    assert 0 < expected_remaining_s(np.array([1800.0]))[0] < SERVICE_MEAN_S


@pytest.mark.parametrize(("free_in_s", "chosen"), [(60.0, []), (600.0, [0])])
def test_a_request_waits_for_a_partner_who_is_there_sooner(free_in_s: float, chosen: list[int]) -> None:
    """Request 0 can have partner 0 from 1 km away now, or partner 1 from 10 m away in `free_in_s`."""
    pairs = Pairs(np.array([0, 0]), np.array([0, 1]), np.array([1000.0, 10.0]), np.zeros(2))
    assert decide_with_finishing(pairs, np.array([0.0, free_in_s]), shortage=80).tolist() == chosen


def test_an_unmatched_request_counts_fifteen_minutes() -> None:
    assert Result.of(np.array([60.0, math.nan])).generalised == 8
    assert Result.of(np.array([math.nan])).generalised == 15


def test_the_table_has_a_line_for_each(pickups: Pickups) -> None:
    assert list(contenders(ablation=False, with_bound=False)) == ["nearest-waiting", "FIFO-nearest", "ours"]
    halved = row("ours", [Result(1, 2, 0.1, 3)], [Result(2, 4, 0.2, 6)])
    assert halved == "| ours | 1.00 | 2.0 | 10.0% | 3.00 | 0.500 | 0.500…0.500 | -10.0 |"
