"""The processes of one kind: their names, who goes first, and what they are judged by."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.vitals import Vitals
from runner import fleet as fleets
from runner.children import Child, Surroundings, end_all
from runner.fleet import Fleet
from runner.scaling import DOWN_AFTER_S, SMOOTH_S, Bounds, Goals
from testbed.processes import wait_until

HOST = "here"
GOALS = Goals({"sockets": 10})
STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    """Make a fleet of processes that do nothing."""
    made: list[Fleet] = []

    def make(least: int, most: int, *command: str) -> Fleet:
        around = Surroundings({}, tmp_path, [])
        fleet = Fleet("x", Bounds(least, most), GOALS, lambda name: Child(name, command or ("sleep", "300"), around))
        made.append(fleet)
        fleet.start()
        return fleet

    yield make
    for fleet in made:
        end_all([*fleet.members, *(child for child, _ in fleet.leaving)], 0, hurry=lambda: True)


def told(fleet: Fleet, *sockets: float) -> list[Vitals]:
    """The figures of the members, and of a stranger."""
    own = zip(fleet.members, sockets, strict=False)
    figures = [Vitals("web", HOST, child.process.pid, {"sockets": n}) for child, n in own if child.process]
    return [*figures, Vitals("web", HOST, 1, {"sockets": 1e6}), Vitals("web", "elsewhere", 2, {"sockets": 1e6})]


def gone(fleet: Fleet) -> bool:
    fleet.let_go(0.0)
    return not fleet.leaving


def test_the_first_keeps_its_name_and_the_youngest_goes_first(crew: Callable[..., Fleet]) -> None:
    fleet = crew(1, 5)
    assert [child.name for child in fleet.members] == ["x"]
    fleet.resize(3, 0.0)
    assert [child.name for child in fleet.members] == ["x", "x-2", "x-3"]
    fleet.resize(2, 0.0)
    assert [child.name for child in fleet.members] == ["x", "x-2"]
    assert [child.name for child, _ in fleet.leaving] == ["x-3"]
    fleet.resize(3, 0.0)
    assert fleet.members[-1].name == "x-4"  # the log of the other is still written
    wait_until(lambda: gone(fleet), 30, "it has ended")
    fleet.resize(4, 0.0)
    assert fleet.members[-1].name == "x-3"


def test_one_that_does_not_end_is_killed(crew: Callable[..., Fleet], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleets, "LEAVES_WITHIN_S", 5.0)
    fleet = crew(1, 2)
    stubborn = Child("y", [sys.executable, "-c", STUBBORN], fleet.members[0].surroundings)
    stubborn.start()
    fleet.members.append(stubborn)
    wait_until(lambda: "up" in stubborn.log.read_text(), 30, "it ignores signals")
    fleet.resize(1, 100.0)
    fleet.let_go(104.9)
    assert stubborn.process is not None
    assert stubborn.process.poll() is None
    fleet.let_go(105.0)
    assert stubborn.process.wait(30) == -signal.SIGKILL
    assert gone(fleet)


def test_it_follows_its_own_members_only(crew: Callable[..., Fleet]) -> None:
    fleet = crew(1, 5)
    fleet.changed_at = float("-inf")
    fleet.read(told(fleet, 5.0), HOST, 100.0)
    assert fleet.follow(100.0) == 0
    now = 101.0 + SMOOTH_S
    fleet.read(told(fleet, 25.0), HOST, now)
    assert (fleet.follow(now), len(fleet.members)) == (3, 4)
    fleet.read(told(fleet, 25.0, 0.0), HOST, now + 1)  # two have told nothing yet
    assert fleet.readings[-1].need == 2.5
    fleet.read([], HOST, now + 2)
    assert len(fleet.readings) == 3


def test_what_is_long_past_is_forgotten(crew: Callable[..., Fleet]) -> None:
    fleet = crew(1, 1)
    for at in range(0, 600, 2):
        fleet.read(told(fleet, 5.0), HOST, float(at))
    assert fleet.readings[0].at >= 598 - DOWN_AFTER_S - 2 * SMOOTH_S
    assert not fleet.may_change
