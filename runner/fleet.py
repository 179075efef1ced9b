"""The processes of one kind under the supervisor: as many as the rule wants, and those that are on their way out."""

import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.vitals import Vitals
from runner.children import Child
from runner.scaling import DOWN_AFTER_S, SMOOTH_S, Bounds, Goals, Reading, wanted

KEPT_S = DOWN_AFTER_S + 2 * SMOOTH_S
LEAVES_WITHIN_S = 30.0  # then a process is killed; the work that it had is done by another


@dataclass(eq=False)
class Fleet:
    """The processes of one kind. `make` returns a new one for a name; all of them run the same command."""

    name: str
    bounds: Bounds
    goals: Goals
    make: Callable[[str], Child]
    members: list[Child] = field(default_factory=list)  # the youngest last
    leaving: list[tuple[Child, float]] = field(default_factory=list)  # each with the time at which it is killed
    changed_at: float = float("-inf")
    readings: deque[Reading] = field(default_factory=deque)

    @property
    def may_change(self) -> bool:
        """Whether the bounds leave a choice."""
        return self.bounds.least < self.bounds.most

    def start(self) -> None:
        """Start as many as there must be."""
        self.resize(self.bounds.least, time.monotonic())

    def resize(self, count: int, now: float) -> None:
        """Start processes, or let the youngest finish what they have."""
        while len(self.members) < count:
            child = self.make(self._free_name())
            child.roll_log()
            self.members.append(child)
            child.start()
        while len(self.members) > count:
            child = self.members.pop()
            child.ask_to_end()
            self.leaving.append((child, now + LEAVES_WITHIN_S))
        self.changed_at = now

    def _free_name(self) -> str:
        taken = {child.name for child in [*self.members, *(child for child, _ in self.leaving)]}
        names = [self.name, *(f"{self.name}-{number}" for number in range(2, len(taken) + 2))]
        return next(name for name in names if name not in taken)

    def let_go(self, now: float) -> None:
        """Forget those that have ended, and kill those that take too long."""
        for child, killed_at in self.leaving:
            if now >= killed_at:
                child.signal_group(signal.SIGKILL)
        self.leaving = [(child, at) for child, at in self.leaving if child.process and child.ended() is None]

    def read(self, told: Sequence[Vitals], host: str, now: float) -> None:
        """Keep what the members tell of themselves. One that starts has told nothing yet."""
        pids = {child.process.pid for child in self.members if child.process is not None}
        figures = [process.figures for process in told if process.host == host and process.pid in pids]
        if figures:
            self.readings.append(Reading(now, self.goals.need(figures)))
        while self.readings and self.readings[0].at < now - KEPT_S:
            self.readings.popleft()

    def follow(self, now: float) -> int:
        """Bring the count to what the rule wants. Returns by how much it has changed."""
        before = len(self.members)
        count = wanted(before, tuple(self.readings), self.bounds, now=now, changed_at=self.changed_at)
        if count != before:
            self.resize(count, now)
        return count - before
