"""Expressions that put rows into the hours of a region's clock."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import BigIntegerField, Case, DateTimeField, F, Func, Value, When
from django.db.models.expressions import Combinable

from insights.facts.hours import HOUR_S, Span

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROS = 1_000_000  # a second
QUARTER_S = 900  # every hour of every zone consists of whole ones


class Micros(Func):
    """The microseconds of a difference of two moments, as a whole number, which is what SQLite has in its place."""

    arity = 1
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = f"(EXTRACT(EPOCH FROM %(expressions)s) * {MICROS})::bigint"
        return self.as_sql(compiler, connection, template=template, **more)


def micros_since(begin: datetime | Combinable, moment: str) -> Micros:
    """The microseconds from a moment to the one at a path."""
    start = Value(begin, output_field=DateTimeField()) if isinstance(begin, datetime) else begin
    return Micros(F(moment) - start)


def hour_key(moment: str, spans: Sequence[Span]) -> Combinable:
    """The key of the hour that the moment at a path lies in, in seconds since 1970; it lies in one of these spans."""
    *earlier, last = spans
    if not earlier:
        return _key(moment, last)
    cases = [When(**{f"{moment}__lt": span.ends}, then=_key(moment, span)) for span in earlier]
    return Case(*cases, default=_key(moment, last))


def _key(moment: str, span: Span) -> Func:
    shift = span.shift_s
    return Func(
        micros_since(EPOCH, moment),
        template=f"((%(expressions)s / {MICROS} + {shift}) / {HOUR_S} * {HOUR_S} - {shift})",
        output_field=BigIntegerField(),
    )


def quarter(moment: str) -> Func:
    """The quarter of an hour that the moment at a path lies in, counted since 1970."""
    template = f"(%(expressions)s / {MICROS * QUARTER_S})"
    return Func(micros_since(EPOCH, moment), template=template, output_field=BigIntegerField())


def moment_of(seconds: int) -> datetime:
    """Return the moment so many seconds after 1970 began."""
    return datetime.fromtimestamp(seconds, UTC)
