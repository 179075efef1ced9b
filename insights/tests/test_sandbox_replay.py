"""Replays of small days with known answers."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from insights.sandbox.replay import Replay
from insights.sandbox.supply import with_partners
from insights.sandbox.world import NOBODY, Answer, Day, End, Outcome, Reply, Sight, Span, Step, online
from insights.tests.sandbox_days import GIVEN, LNG, MATCHER, day, north
from regions.geometry import S_PER_M

DECLINES, LETS_LAPSE = Answer(Reply.DECLINE, 3.0), Answer(Reply.NONE, inf)


def replayed(made: Day, **given: object) -> Outcome:
    return Replay(made, MATCHER, **given).run()


def asked(outcome: Outcome) -> list[tuple[int, int]]:
    return [(request, partner) for _, request, partner in outcome.offers]


def test_a_lone_request_gets_its_nearest_partner() -> None:
    outcome = replayed(day([(10, 0)], [600, -400]))
    assert asked(outcome) == [(0, 1)]
    assert outcome.end[0] == End.SERVED
    assert outcome.offered_s[0] == 0
    assert outcome.accepted_s[0] == 5
    assert outcome.arrived_s[0] == pytest.approx(5 + 400 * S_PER_M, abs=0.01)


def test_a_partner_is_free_again_where_the_session_was() -> None:
    outcome = replayed(day([(0, 1000), (2000, 1100)], [0, 1250]))
    assert asked(outcome) == [(0, 1), (1, 1)]
    assert outcome.way_m[1] == pytest.approx(100, abs=0.01)


def test_requests_that_contend_are_matched_together() -> None:
    """The nearer request would take the only partner whom the other can have."""
    busy = day([(0, 3000), (1, 0), (2, 900)], [3000, 1900], spans=[Span(0, 0.0, inf), Span(1, 100.0, inf)])
    outcome = replayed(busy)
    assert outcome.partner[0] == 0
    assert set(asked(outcome)) >= {(1, 1)} or set(asked(outcome)) >= {(2, 1)}


def test_who_declines_is_never_asked_again_and_the_next_is() -> None:
    outcome = replayed(day([(0, 0)], [100, 200], answers={(0, 0): [DECLINES]}))
    assert asked(outcome) == [(0, 0), (0, 1)]
    assert outcome.accepted_s[0] == 3 + 5
    alone = replayed(day([(0, 0)], [100], answers={(0, 0): [DECLINES]}))
    assert asked(alone) == [(0, 0)]
    assert alone.end[0] == End.UNMATCHED


def test_who_lets_lapse_is_asked_again_later() -> None:
    outcome = replayed(day([(0, 0)], [100], answers={(0, 0): [LETS_LAPSE]}, given=replace(GIVEN, radii_m=(2000,))))
    times = [at_s for at_s, *_ in outcome.offers]
    assert len(times) == 2
    assert 120 <= times[1] <= 120 + 30
    assert outcome.end[0] == End.SERVED


def test_and_in_a_wider_wave_before() -> None:
    outcome = replayed(day([(0, 0)], [100], answers={(0, 0): [LETS_LAPSE]}))
    assert [at_s for at_s, *_ in outcome.offers] == [0, 20]


def test_an_answer_that_comes_too_late_under_a_shorter_deadline() -> None:
    slow = {(0, 0): [Answer(Reply.ACCEPT, 15.0)]}
    assert replayed(day([(0, 0)], [100], answers=slow)).accepted_s[0] == 15
    hasty = replayed(day([(0, 0)], [100, 300], answers=slow, given=replace(GIVEN, offer_ttl_s=10.0)))
    assert asked(hasty) == [(0, 0), (0, 1)]


@pytest.mark.parametrize(("metres", "offers"), [(4990, 1), (5010, 0)])
def test_no_farther_than_the_widest_wave(metres: float, offers: int) -> None:
    given = replace(GIVEN, radii_m=(2000, 5000))
    outcome = replayed(day([(0, 0)], [metres], given=given))
    assert len(outcome.offers) == offers
    assert outcome.end[0] == (End.SERVED if offers else End.UNMATCHED)


def test_a_user_who_leaves() -> None:
    waits = day([(0, 0)], [], leaves_s=[300.0])
    assert replayed(waits).end[0] == End.CANCELLED
    served = day([(0, 0)], [100], leaves_s=[300.0])
    assert replayed(served).end[0] == End.SERVED


def test_a_user_who_leaves_during_an_offer_frees_the_partner() -> None:
    made = day([(0, 0), (3, 50)], [100], answers={(0, 0): [Answer(Reply.ACCEPT, 15.0)]}, leaves_s=[10.0, inf])
    outcome = replayed(made)
    assert list(outcome.end) == [End.CANCELLED, End.SERVED]
    assert outcome.offered_s[1] == 10 - 3


def test_a_partner_who_calls_off_is_not_asked_again() -> None:
    made = day([(0, 0)], [100, 5000], answers={(0, 0): [Answer(Reply.ACCEPT, 5.0, calls_off_s=10.0)]})
    outcome = replayed(made)
    assert asked(outcome) == [(0, 0), (0, 1)]
    assert outcome.partner[0] == 1
    assert outcome.accepted_s[0] == 5 + 10 + 5


def test_a_user_who_cancels_after_the_acceptance_leaves_the_partner_on_the_way() -> None:
    made = day([(0, 0), (400, 500)], [1000], regrets_s=[1000 * S_PER_M / 2, inf])
    outcome = replayed(made)
    assert list(outcome.end) == [End.CANCELLED, End.SERVED]
    assert outcome.way_m[1] == pytest.approx(0, abs=0.01)


def test_a_partner_who_goes_offline() -> None:
    spans = [Span(0, 0.0, 8.0), Span(1, 100.0, inf)]
    slow = {(0, 0): [Answer(Reply.ACCEPT, 15.0)]}
    outcome = replayed(day([(0, 0), (1000, 0)], [100, 200], answers=slow, spans=spans))
    assert asked(outcome)[:2] == [(0, 0), (0, 1)]
    assert outcome.offers[1][0] == pytest.approx(100, abs=30)
    assert asked(outcome)[2] == (1, 1)
    busy = replayed(day([(0, 0), (2000, 0)], [100], spans=[Span(0, 0.0, 60.0)]))
    assert list(busy.end) == [End.SERVED, End.UNMATCHED]  # the session is finished first


def test_own_requests_and_kinds_that_do_not_fit() -> None:
    made = day([(0, 0)], [100, 200, 300], partner=[0])
    fits = np.array([[True, False, True]])
    outcome = replayed(replace(made, fits=fits, restricted=np.ones(1, bool)))
    assert asked(outcome) == [(0, 2)]


def test_conditions_change_with_time() -> None:
    near = replace(GIVEN, radii_m=(1000,))
    made = day([(0, 0), (5000, 0)], [1500])
    outcome = replayed(made, conditions=[(0.0, near), (4000.0, GIVEN)])
    assert list(outcome.end) == [End.UNMATCHED, End.SERVED]
    paused = replayed(made, conditions=[(0.0, replace(GIVEN, paused=True)), (100.0, GIVEN)])
    assert asked(paused)[0] == (0, 0)
    assert paused.offers[0][0] >= 100


def test_the_distances_of_the_record_count_while_a_partner_is_where_they_were() -> None:
    made = day([(10, 0), (3000, 0)], [600, 400])
    steps = [Step(0.0, 0, True, online(0)), Step(0.0, 1, True, online(1))]
    sights = {number: [Sight(at_s, {0: 300.0}, 769.0)] for number, at_s in ((0, 10.0), (1, 3000.0))}
    outcome = replayed(replace(made, steps=steps, sights=sights))
    assert asked(outcome)[0] == (0, 0)  # 0 is named, and 1 is therefore farther away
    assert outcome.way_m[0] == 300
    assert asked(outcome)[1] == (1, 0)
    assert outcome.way_m[1] < 1  # they have had a session since


def test_a_partner_is_where_they_were_seen_last() -> None:
    made = day([(1000, 0)], [3000, 900])
    places = {**made.places, (0, online(0)): [(0.0, north(3000), LNG), (500.0, north(200), LNG)]}
    assert asked(replayed(replace(made, places=places))) == [(0, 0)]


def test_a_partner_of_whom_nothing_is_known_gets_nothing() -> None:
    made = day([(0, 0)], [100])
    outcome = replayed(replace(made, places={}))
    assert outcome.end[0] == End.UNMATCHED
    assert outcome.partner[0] == NOBODY


def test_the_same_seed_gives_the_same_day() -> None:
    rng = np.random.default_rng(3)
    requests = [(at_s, float(rng.uniform(-3000, 3000))) for at_s in np.sort(rng.uniform(0, 20_000, 200))]
    made = day(requests, list(rng.uniform(-3000, 3000, 8)))
    made = replace(made, usual_answers=[Answer(Reply.ACCEPT, 6.0), Answer(Reply.ACCEPT, 9.0), DECLINES, LETS_LAPSE])
    once, again, other = (replayed(made, seed=seed) for seed in (1, 1, 2))
    assert once.offers == again.offers
    assert once.offers != other.offers


@pytest.mark.parametrize("times", [0.25, 0.5, 1.0, 1.5, 2.0])
def test_times_as_many_partners(times: float) -> None:
    made = with_partners(day([], [float(number) for number in range(400)]), times, seed=1)
    online_ever = {span.partner for span in made.spans if span.since_s < inf}
    assert len(online_ever) == pytest.approx(400 * times, abs=40)
    assert made.fits.shape[1] >= len(online_ever)


def test_fewer_partners_are_some_of_the_same() -> None:
    made = day([], [float(number) for number in range(100)])
    half, most = (
        {span.partner for span in with_partners(made, times, seed=1).spans if span.since_s < inf}
        for times in (0.5, 0.8)
    )
    assert half < most
