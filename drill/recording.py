"""The metrics of a run, look by look, kept in a file small enough to be a test's."""

import gzip
import json
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path

from alerts.expressions import Below, Earlier, Expression, Found, Sample, Samples

LEFT_OUT = "process_"  # figures of single processes, which no rule is about

Labels = tuple[tuple[str, str], ...]
Change = tuple[int, float | None]  # the number of a look, and the value from then on; None: the series is missing


@dataclass
class Recording:
    """Looks at all metrics, in order. `stranded_at_s`: when a request was made that no partner could serve."""

    at_s: list[float] = field(default_factory=list)
    samples: list[Samples] = field(default_factory=list)
    stranded_at_s: float = inf

    def add(self, at_s: float, samples: Samples) -> None:
        """Add a look, so many seconds after the begin."""
        self.at_s.append(at_s)
        self.samples.append({name: of for name, of in samples.items() if not name.startswith(LEFT_OUT)})

    def found(self, expression: Expression) -> Iterator[tuple[float, Found | None]]:
        """Yield for each look when it was, and what an expression found then."""
        for number, at_s in enumerate(self.at_s):
            yield at_s, expression.found(self.samples[number], self._before(at_s))

    def _before(self, at_s: float) -> Earlier:
        return lambda seconds: self.samples[bisect_left(self.at_s, at_s - seconds)]

    def healthy(self) -> "Recording":
        """Return the looks before the request was stranded."""
        end = bisect_left(self.at_s, self.stranded_at_s)
        return Recording(self.at_s[:end], self.samples[:end], self.stranded_at_s)

    def extreme(self, expression: Expression) -> float | None:
        """Return the value that came closest to the limit, or passed it; None if it was never known."""
        closest, limit = (min, inf) if isinstance(expression, Below) else (max, -inf)
        anything = replace(expression, limit=limit)  # type: ignore[type-var]  # each expression is a dataclass
        values = [value for _, found in self.found(anything) for value in (found or {}).values()]
        return closest(values, default=None)

    # ------------------------------------------------------------ in a file

    def write(self, path: Path) -> None:
        """Write the looks to a gzipped file: each series once, with the looks at which it changed."""
        last: dict[tuple[str, Labels], float | None] = {}
        changes: dict[tuple[str, Labels], list[Change]] = {}
        for number, samples in enumerate(self.samples):
            now = {(name, tuple(sorted(each.labels.items()))): each.value for name in samples for each in samples[name]}
            for series in sorted({*now, *last}):
                if number == 0 or last.get(series) != now.get(series):
                    changes.setdefault(series, []).append((number, now.get(series)))
            last = {**dict.fromkeys(last), **now}
        kept = {
            "at_s": [round(at_s, 1) for at_s in self.at_s],
            "stranded_at_s": round(self.stranded_at_s, 1),
            "metrics": sorted({name for samples in self.samples for name in samples}),
            "series": [[name, labels, changes[name, labels]] for name, labels in sorted(changes)],
        }
        path.write_bytes(gzip.compress(json.dumps(kept, separators=(",", ":")).encode(), mtime=0))

    @classmethod
    def read(cls, path: Path) -> "Recording":
        """Read what `write` has written."""
        kept = json.loads(gzip.decompress(path.read_bytes()))
        looks: list[dict[str, list[Sample]]] = [{name: [] for name in kept["metrics"]} for _ in kept["at_s"]]
        for name, labels, changes in kept["series"]:
            ends = [number for number, _ in changes[1:]] + [len(looks)]
            for (begin, value), end in zip(changes, ends, strict=True):
                for look in looks[begin:end] if value is not None else ():
                    look[name].append(Sample(dict(labels), value))
        return cls(kept["at_s"], list(looks), kept["stranded_at_s"])
