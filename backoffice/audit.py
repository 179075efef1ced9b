"""Building blocks of `manage.py audit`: checks that read every row to find broken promises.

No check repeats a promise that a database constraint keeps: `constraints.py` checks that each constraint is enforced.
Each app has its checks in `audit.py`; `ops.audit` gathers them. The database does all counting and grouping, and rows
that Python must judge are streamed, or walked in slices of a snapshot each, so memory stays small whatever the number
of rows, and PostgreSQL may remove old rows meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import Coalesce, Lag

from core.transitions import Graph

EXAMPLES_MAX = 5
CHUNK = 2000  # rows fetched together
GRACE = timedelta(seconds=60)  # work overdue for longer was forgotten

# The kinds of findings: a broken promise; an oddity that does no harm and may come from a step of the clock;
# or work left undone, which is a fault only while the program runs.
VIOLATION, ODD, OVERDUE = "violation", "odd", "overdue"


@dataclass(slots=True)
class Result:
    """The number of rows that a check has looked at, the number of wrong ones, and the ids of some of these."""

    looked_at: int
    wrong: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, example: object) -> None:
        """Count one wrong row."""
        self.wrong += 1
        if len(self.examples) < EXAMPLES_MAX:
            self.examples.append(str(example))

    def add(self, other: "Result") -> None:
        """Add what was found in other rows."""
        self.looked_at += other.looked_at
        self.wrong += other.wrong
        self.examples = [*self.examples, *other.examples][:EXAMPLES_MAX]


Look = Callable[[datetime], Result | Iterator[Result]]


@dataclass(frozen=True, slots=True)
class Check:
    """One promise. `find(now)` counts the rows that break it, all together or in slices."""

    name: str
    promise: str
    find: Look
    kind: str = VIOLATION

    def look(self, now: datetime, snapshot: Callable[[], AbstractContextManager[None]] = nullcontext) -> Result:
        """Return what all rows amount to. Each slice is found in a snapshot of its own."""
        with snapshot():
            found = self.find(now)
            if isinstance(found, Result):
                return found
            total = next(found)
        while True:
            with snapshot():
                part = next(found, None)
            if part is None:
                return total
            total.add(part)


class Checks(list[Check]):
    """An app's checks. As a decorator it adds a function under its name, with its docstring as the promise."""

    def __call__(self, look: Look) -> Look:
        return self.of_kind(VIOLATION)(look)

    def of_kind(self, kind: str) -> Callable[[Look], Look]:
        """Return the decorator for a check whose findings are `ODD` or `OVERDUE`."""

        def add(look: Look) -> Look:
            self.append(Check(look.__name__, (look.__doc__ or "").strip(), look, kind))
            return look

        return add


# ---------------------------------------------------------------- making checks


def count(rows: QuerySet[Any, Any]) -> int:
    """Return the number of rows, without the cost of ordering them."""
    return rows.order_by().count()


def wrong_rows(rows: QuerySet[Any, Any], *wrong: QuerySet[Any, Any]) -> Result:
    """Look at `rows`, of which the queries in `wrong` find the wrong ones."""
    result = Result(count(rows))
    for these in wrong:
        for pk in these.order_by().values_list("pk", flat=True).iterator(chunk_size=CHUNK):
            result.note(pk)
    return result


def is_true(promise: Q) -> Case:
    """Return whether a promise is true of a row; false if a NULL leaves it undecided."""
    return Case(When(promise, then=Value(True)), default=Value(False))


def unless(rows: QuerySet[Any, Any], promise: Q) -> Result:
    """Find the rows for which `promise` is not true."""
    return wrong_rows(rows, rows.annotate(_kept=is_true(promise)).filter(_kept=False))


def one_each(rows: QuerySet[Any, Any], *fields: Any) -> Result:
    """Find rows that share their values of `fields` with others; the examples are these values."""
    several = rows.order_by().values_list(*fields).annotate(several=Count("pk")).filter(several__gt=1)
    result = Result(count(rows))
    for *values, _ in several.iterator(chunk_size=CHUNK):
        result.note(" ".join(str(value) for value in values))
    return result


def number(rows: QuerySet[Any, Any]) -> Coalesce:
    """Return the number of rows that a subquery about an outer row finds."""
    counted = rows.order_by().annotate(_one=Value(1)).values("_one").annotate(_n=Count("pk")).values("_n")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


def exactly_one(rows: QuerySet[Any, Any], when: Q, inner: QuerySet[Any, Any]) -> Result:
    """Find rows without exactly one `inner` row although `when` is true, or with any although it isn't."""
    counted = rows.annotate(_when=is_true(when), _n=number(inner))
    return wrong_rows(rows, counted.filter(_when=True).exclude(_n=1), counted.filter(_when=False).exclude(_n=0))


def streamed(rows: QuerySet[Any, Any], wrong: Callable[[Any], bool]) -> Result:
    """Find wrong rows with a function, for promises that only Python can judge."""
    result = Result(0)
    for row in rows.iterator(chunk_size=CHUNK):
        result.looked_at += 1
        if wrong(row):
            result.note(row.pk)
    return result


def walked(rows: QuerySet[Any, Any], wrong: Callable[[Any], bool]) -> Iterator[Result]:
    """Find wrong rows with a function, in slices along their keys: for promises that each row keeps or breaks alone.

    Rows that are added behind a slice are found by a later one. A walk that is cut short leaves nothing behind.
    """
    in_order = rows.order_by("pk")
    these = list(in_order[:CHUNK])
    while True:
        part = Result(len(these))
        for row in these:
            if wrong(row):
                part.note(row.pk)
        yield part
        if len(these) < CHUNK:
            return
        these = list(in_order.filter(pk__gt=these[-1].pk)[:CHUNK])


# ---------------------------------------------------------------- histories


def add_history_checks(
    checks: Checks, name: str, rows: type[models.Model], history: Any, graph: Graph, *, status: str = "status"
) -> None:
    """Add the checks of the steps of `rows` along `graph`, which are in the table `history`."""

    def ends(now: datetime) -> Result:
        everything = rows._default_manager.all()
        nowhere = everything.exclude(Exists(history.objects.filter(subject=OuterRef("pk"))))
        result = wrong_rows(everything, nowhere)
        # Not a subquery for the newest step of each row: a planner without statistics would read all steps for each.
        newest = history.objects.order_by().values("subject_id").annotate(_id=Max("id")).values("_id")
        elsewhere = history.objects.filter(id__in=newest).exclude(new=F(f"subject__{status}"))
        for pk in elsewhere.order_by().values_list("subject_id", flat=True).iterator(chunk_size=CHUNK):
            result.note(pk)
        return result

    def joins(now: datetime) -> Result:
        steps = _with_previous(history, "new")
        return wrong_rows(history.objects.all(), steps.filter(_previous__isnull=False).exclude(old=F("_previous")))

    def moves(now: datetime) -> Result:
        steps = _with_previous(history, "new")
        known = Q(pk__in=[])
        for old, following in graph.edges.items():
            known |= Q(old=old, new__in=list(following))
        begun = Q(_previous__isnull=True, old="", new=graph.initial)
        return wrong_rows(history.objects.all(), steps.exclude(begun | (Q(_previous__isnull=False) & known)))

    def times(now: datetime) -> Result:
        steps = _with_previous(history, "at")
        return wrong_rows(history.objects.all(), steps.filter(at__lt=F("_previous")))

    of = name.replace("_", " ")
    checks += [
        Check(f"{name}_history_ends_in_status", f"The last step of each {of}'s history is what it is now.", ends),
        Check(f"{name}_history_joins", f"Each step of a {of} begins where the one before it ended.", joins),
        Check(f"{name}_history_moves_along_the_graph", f"Each step of a {of} is declared in its graph.", moves),
        Check(f"{name}_history_goes_forward", f"No step of a {of} is older than the one before it.", times, ODD),
    ]


def _with_previous(history: Any, column: str) -> QuerySet[Any, Any]:
    lag = Window(Lag(column), partition_by="subject_id", order_by="id")
    steps: QuerySet[Any, Any] = history.objects.annotate(_previous=lag)
    return steps
