"""The rule by which processes are scaled: its bounds, its calm under a steady load, and how soon it follows."""

from collections import deque
from collections.abc import Callable, Iterator
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.scaling import SERVERS, WORKERS, Bounds, Reading, wanted

EVERY_S = 2.0
FOLLOWS_S = 60.0
STEADY_S = 300.0
STARTS_S = 6.0  # from its start until a process has its share
VARIES = 0.1  # a steady load may vary by so much to either side
WIDE = Bounds(1, 60)

loads = st.floats(0.0, 40.0)
seeds = st.integers(0, 2**32)
all_bounds = st.tuples(st.integers(1, 20), st.integers(0, 20)).map(lambda pair: Bounds(pair[0], pair[0] + pair[1]))


class Run:
    """A fleet under the rule, whose clock the test moves."""

    def __init__(self, bounds: Bounds = WIDE) -> None:
        self.bounds, self.count, self.now = bounds, bounds.least, 1000.0
        self.changed_at = float("-inf")
        self.readings: deque[Reading] = deque(maxlen=32)
        self.changes: list[tuple[float, int]] = []

    def look(self, need: float) -> None:
        """Read the load, and follow it."""
        self.now += EVERY_S
        self.readings.append(Reading(self.now, need))
        count = wanted(self.count, tuple(self.readings), self.bounds, now=self.now, changed_at=self.changed_at)
        if count != self.count:
            self.count, self.changed_at = count, self.now
            self.changes.append((self.now, count))

    def last(self, for_s: float, need: Callable[[], float]) -> "Run":
        """Let a load last."""
        end = self.now + for_s
        while self.now < end:
            self.look(need())
        return self


def steadily(load: float, seed: int) -> Callable[[], float]:
    """A load that varies as a steady one does."""
    rng = Random(seed)
    return lambda: load * rng.uniform(1 - VARIES, 1 + VARIES)


def most_within(changes: list[tuple[float, int]], span_s: float) -> int:
    """The most changes in any such span."""
    return max((sum(at <= later < at + span_s for later, _ in changes) for at, _ in changes), default=0)


@settings(deadline=None)
@given(all_bounds, st.lists(st.floats(0.0, 1000.0), max_size=200))
def test_the_bounds_are_never_left(bounds: Bounds, needs: list[float]) -> None:
    run = Run(bounds)
    for need in needs:
        run.look(need)
        assert bounds.least <= run.count <= bounds.most


@settings(deadline=None)
@given(all_bounds, st.integers(0, 100), st.floats(0.0, 100.0))
def test_a_count_outside_the_bounds_is_brought_inside(bounds: Bounds, count: int, need: float) -> None:
    """As after a start with other settings, even in the time after a change."""
    readings = [Reading(99.0, need)]
    assert bounds.least <= wanted(count, readings, bounds, now=100.0, changed_at=99.0) <= bounds.most


@settings(deadline=None)
@given(loads, st.integers(1, 60), seeds)
def test_a_steady_load_changes_the_count_once_in_five_minutes_at_most(load: float, count: int, seed: int) -> None:
    run = Run()
    run.count = count
    run.last(900, steadily(load, seed))
    assert most_within(run.changes, STEADY_S) <= 1, run.changes
    assert len(run.changes) <= 1


@settings(deadline=None)
@given(loads, loads, seeds)
def test_after_a_step_of_the_load_it_is_calm_again(before: float, after: float, seed: int) -> None:
    run = Run().last(90, steadily(before, seed)).last(150, steadily(after, seed))
    calm_from = run.now
    run.last(600, steadily(after, seed))
    assert len([at for at, _ in run.changes if at > calm_from]) <= 1, run.changes


@settings(deadline=None)
@given(st.floats(0.2, 4.0), seeds)
def test_ten_times_the_load_is_followed_within_a_minute_and_so_is_its_end(load: float, seed: int) -> None:
    run = Run().last(90, steadily(load, seed))
    low = run.count
    run.last(FOLLOWS_S, steadily(10 * load, seed))
    assert run.count >= 10 * load * (1 - VARIES)
    run.last(90, steadily(10 * load, seed)).last(FOLLOWS_S, steadily(load, seed))
    assert run.count <= max(low, load * 1.25 * 1.25 * (1 + VARIES) + 1)


def saturated(run: Run, load: float, goal: float) -> Iterator[float]:
    """The processor's shares that processes show, which is 1 at most: how much they lack cannot be seen."""
    carrying = run.count
    while True:
        settled = run.now - run.changed_at >= STARTS_S
        carrying = run.count if settled else min(carrying, run.count)
        yield min(load, carrying) / goal


@settings(deadline=None)
@given(st.floats(0.1, 1.0))
def test_processes_that_show_no_more_than_all_they_have_follow_within_a_minute_too(load: float) -> None:
    goal = SERVERS.figures["cpu"]
    run = Run().last(30, lambda: load / goal)
    ten = saturated(run, 10 * load, goal)
    run.last(FOLLOWS_S, lambda: next(ten))
    assert run.count >= 10 * load


def test_without_readings_nothing_changes() -> None:
    """As while Valkey is away."""
    run = Run().last(600, lambda: 8.0)
    assert run.count == 10
    for silent_s in (11, 60, 3600):
        later = run.now + silent_s
        assert wanted(10, tuple(run.readings), WIDE, now=later, changed_at=run.changed_at) == 10
    assert wanted(10, (), WIDE, now=run.now, changed_at=run.changed_at) == 10


def test_one_moment_of_much_work_starts_nothing() -> None:
    run = Run().last(300, lambda: 0.5)
    run.look(2.5)
    run.last(300, lambda: 0.5)
    assert run.changes == []


def test_what_a_process_carries() -> None:
    idle, full = {"cpu": 0.0, "sockets": 0.0, "handshakes": 0.0}, {"cpu": 0.65}
    assert SERVERS.need([idle, full]) == 1.0
    assert SERVERS.need([{"cpu": 0.1, "sockets": 3000.0}, {"cpu": 0.1, "sockets": 3000.0}]) == 3.0
    assert SERVERS.need([{"handshakes": 500.0}]) == 2.5
    assert WORKERS.need([{"cpu": 0.1, "busy": 0.65}, {"cpu": 0.1, "busy": 0.65}]) == 2.0
