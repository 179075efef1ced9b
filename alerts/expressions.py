"""The language of alert rules: four kinds of expressions, each of which Prometheus and the sweep can evaluate.

The sweep's evaluation (`found`) and the text for Prometheus (`promql`) stand side by side. They differ in one thing:
Prometheus extrapolates an increase to the whole window, and does not see the events before its first scrape of a
series; the sweep subtracts what it has seen at the window's begin.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

PREFIX = "speedycheers_"
MINUTE = 60


class Sample(NamedTuple):
    """The value of one series."""

    labels: Mapping[str, str]
    value: float


Samples = Mapping[str, Sequence[Sample]]  # by the name of the metric; one that is missing is not known
Earlier = Callable[[float], Samples | None]  # the samples of so many seconds ago, or of the begin; None before that
Found = dict[str, float]  # by scope: a value of the label `by`, or empty


@dataclass(frozen=True, slots=True)
class Series:
    """The series of a metric whose labels have one of these values."""

    metric: str
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def of(self, samples: Samples) -> list[Sample]:
        """Return the samples of these series."""
        return [
            each
            for each in samples.get(self.metric, ())
            if all(each.labels.get(name, "") in values for name, values in self.where)
        ]

    @property
    def promql(self) -> str:
        """The selector."""
        words = [
            f'{name}="{values[0]}"' if len(values) == 1 else f'{name}=~"{"|".join(values)}"'
            for name, values in self.where
        ]
        return f"{PREFIX}{self.metric}{{{', '.join(words)}}}" if words else PREFIX + self.metric


def series(metric: str, **where: str | tuple[str, ...]) -> Series:
    """Return the series of a metric, with the values that labels may have."""
    named = {name: (values,) if isinstance(values, str) else values for name, values in where.items()}
    return Series(metric, tuple(named.items()))


class Expression(Protocol):
    """A condition about metrics."""

    @property
    def limit(self) -> float:
        """The figure that is passed when it holds."""

    @property
    def by(self) -> str:
        """The label whose values are the scopes; empty if there is one scope."""

    @property
    def promql(self) -> str:
        """The same for Prometheus."""

    @property
    def counters(self) -> tuple[str, ...]:
        """The metrics whose past is needed."""

    def found(self, samples: Samples, earlier: Earlier) -> Found | None:
        """Return the scopes in which it holds, with the value found; None if that can't be known."""


@dataclass(frozen=True, slots=True)
class Above:
    """The largest value is above a limit."""

    series: Series
    limit: float
    by: str = ""
    counters: tuple[str, ...] = ()

    def found(self, samples: Samples, earlier: Earlier) -> Found | None:
        if self.series.metric not in samples:
            return None
        largest = _grouped(self.series.of(samples), self.by, max)
        return {scope: value for scope, value in largest.items() if value > self.limit}

    @property
    def promql(self) -> str:
        return f"max{_by(self.by)} ({self.series.promql}) > {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Below:
    """The smallest value is below a limit."""

    series: Series
    limit: float
    by: str = ""
    counters: tuple[str, ...] = ()

    def found(self, samples: Samples, earlier: Earlier) -> Found | None:
        if self.series.metric not in samples:
            return None
        smallest = _grouped(self.series.of(samples), self.by, min)
        return {scope: value for scope, value in smallest.items() if value < self.limit}

    @property
    def promql(self) -> str:
        return f"min{_by(self.by)} ({self.series.promql}) < {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Grew:
    """A counter has grown by more than a limit within a window."""

    series: Series
    limit: float
    minutes: int
    by: str = ""

    @property
    def counters(self) -> tuple[str, ...]:
        return (self.series.metric,)

    def found(self, samples: Samples, earlier: Earlier) -> Found | None:
        grown = _increase(self.series, samples, earlier(self.minutes * MINUTE), self.by)
        return None if grown is None else {scope: value for scope, value in grown.items() if value > self.limit}

    @property
    def promql(self) -> str:
        return f"{_increase_promql(self.series, self.minutes, self.by)} > {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Share:
    """The growth of `part` is more than this share of that of `whole`, which has grown by `least` within a window."""

    part: Series
    whole: Series
    limit: float
    minutes: int
    least: float
    by: str = ""

    @property
    def counters(self) -> tuple[str, ...]:
        return (self.part.metric, self.whole.metric)

    def found(self, samples: Samples, earlier: Earlier) -> Found | None:
        before = earlier(self.minutes * MINUTE)
        part = _increase(self.part, samples, before, self.by)
        whole = _increase(self.whole, samples, before, self.by)
        if part is None or whole is None:
            return None
        shares = {scope: part.get(scope, 0) / all_ for scope, all_ in whole.items() if all_ and all_ >= self.least}
        return {scope: share for scope, share in shares.items() if share > self.limit}

    @property
    def promql(self) -> str:
        part = _increase_promql(self.part, self.minutes, self.by)
        whole = _increase_promql(self.whole, self.minutes, self.by)
        return f"{part} / {whole} > {self.limit:g} and {whole} >= {self.least:g}"


def _grouped(samples: Sequence[Sample], by: str, together: Callable[[list[float]], float]) -> Found:
    groups: dict[str, list[float]] = {}
    for sample in samples:
        groups.setdefault(sample.labels.get(by, ""), []).append(sample.value)
    return {scope: together(values) for scope, values in groups.items()}


def _increase(series: Series, samples: Samples, before: Samples | None, by: str) -> Found | None:
    """Return by how much counters have grown. One that is smaller than before has started over."""
    if series.metric not in samples or before is None:
        return None
    was = {tuple(sorted(each.labels.items())): each.value for each in series.of(before)}
    grown = []
    for labels, value in series.of(samples):
        old = was.get(tuple(sorted(labels.items())), 0)
        grown.append(Sample(labels, value - old if value >= old else value))
    return _grouped(grown, by, sum)


def _by(by: str) -> str:
    return f" by ({by})" if by else ""


def _increase_promql(series: Series, minutes: int, by: str) -> str:
    # Each target has the figures of all processes; several of them would count everything several times.
    return f"sum{_by(by)} (max without (instance) (increase({series.promql}[{minutes}m])))"
