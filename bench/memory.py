"""The resident memory of the processes of a running program over time, and whether it grows. Linux only."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import processes_of

PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20
WARM_UP = 1 / 3  # of the time, in which caches and pools fill
GROWS = 0.05  # of the memory, over the rest of the time


@dataclass(slots=True)
class Process:
    """One process: its kind, and what it held in memory at moments, in seconds and bytes."""

    kind: str
    samples: list[tuple[float, int]] = field(default_factory=list)

    @property
    def steady(self) -> list[tuple[float, int]]:
        """The samples after the warm-up."""
        return self.samples[int(len(self.samples) * WARM_UP) :]

    @property
    def growth(self) -> float:
        """How much a line through the steady samples rises, as a part of where it begins."""
        times, sizes = zip(*self.steady, strict=True)
        middle, mean = sum(times) / len(times), sum(sizes) / len(sizes)
        spread = sum((at - middle) ** 2 for at in times)
        slope: float = sum((at - middle) * (size - mean) for at, size in self.steady) / spread if spread else 0.0
        begin = mean + slope * (times[0] - middle)
        return float(slope * (times[-1] - times[0]) / begin)


class Watch:
    """Samples the processes below one."""

    def __init__(self, root: int) -> None:
        self._root = root
        self.processes: dict[int, Process] = {}

    def sample(self, at: float) -> None:
        """Read the resident memory of each process."""
        for pid, kind in processes_of(self._root):
            try:
                resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
            except (OSError, IndexError):  # it has ended meanwhile
                continue
            self.processes.setdefault(pid, Process(kind)).samples.append((at, resident))

    def lasting(self) -> list[Process]:
        """The processes that were there at every sample, by kind."""
        most = max(len(each.samples) for each in self.processes.values())
        there = [each for each in self.processes.values() if len(each.samples) == most]
        return sorted(there, key=lambda each: each.kind)
