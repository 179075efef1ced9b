"""Batches of rows whose time is over, each pruned in a short transaction of its own.

A pruning knows one batch; `ops/pruner.py` decides when to ask for the next one. Two processes may prune the same table
at the same time, and a process may die at any line: a batch is pruned as a whole or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from django.conf import settings
from django.db import router, transaction
from django.db.models import Model, Q, QuerySet

from core.ids import first_id_at

BATCH = 1000  # rows in a transaction: some tens of milliseconds
OFTEN_S = 15.0
RARELY_S = 3600.0


class Place(NamedTuple):
    """The end of a batch: the value of the column that orders the rows, and the key of the last one."""

    value: Any
    pk: Any


class Batch(NamedTuple):
    """The number of rows pruned, and where the next batch begins; None if this was the last one."""

    pruned: int
    next: Place | None


class Pruning(Protocol):
    """Prunes one table, a batch at a time."""

    @property
    def every_s(self) -> float:
        """The least time between two looks for rows."""

    def batch(self, now: datetime, after: Place | None) -> Batch:
        """Prune the batch after a place, or the first one."""


def kept_for(setting: str) -> timedelta:
    """Return the time in a setting, whose name ends in `_DAYS` or `_S`."""
    amount: float = getattr(settings, setting)
    return timedelta(days=amount) if setting.endswith("_DAYS") else timedelta(seconds=amount)


@dataclass(frozen=True, slots=True)
class Aged:
    """Deletes the rows whose moment in an indexed column is further back than a setting allows.

    With `ends`, the moment is the end of a row's time, which the setting has determined, so the row goes when it comes.
    A row that is locked by others is left to a later round.
    """

    model: type[Model]
    column: str
    setting: str
    ends: bool = False
    every_s: float = OFTEN_S

    def batch(self, now: datetime, after: Place | None) -> Batch:
        """Delete the oldest rows from a place on, so that the index of the rows deleted before is not read again."""
        using = router.db_for_write(self.model)
        rows = self.model._base_manager.using(using)
        oldest = rows.filter(**{f"{self.column}__lt": now if self.ends else now - kept_for(self.setting)})
        if after is not None:
            oldest = oldest.filter(**{f"{self.column}__gte": after.value})
        if oldest.order_by(self.column).only("pk").first() is None:  # a transaction would block others on SQLite
            return Batch(0, None)
        with transaction.atomic(using):
            # Not `no_key`: the rows are deleted, so one that a new row is about to point at is left out as well.
            found = oldest.order_by(self.column).select_for_update(skip_locked=True)
            batch = list(found.values_list(self.column, "pk")[:BATCH])
            rows.filter(pk__in=[pk for _, pk in batch]).delete()
        return Batch(len(batch), Place(*batch[-1]) if len(batch) == BATCH else None)


@dataclass(frozen=True, slots=True)
class Walked:
    """Walks along an indexed column through a table, and acts on the rows of each slice that are spent.

    For rows whose end has no index of its own. A slice has at most `BATCH` rows, spent or not.
    """

    model: type[Model]
    spent: Callable[[datetime], Q]
    act: Callable[[QuerySet[Any]], int]
    column: str = "pk"
    upto: Callable[[datetime], Any] | None = None  # the walk ends before this value
    every_s: float = RARELY_S
    size: int = BATCH

    def batch(self, now: datetime, after: Place | None) -> Batch:
        """Act on the next slice."""
        using = router.db_for_write(self.model)
        rows = self.model._base_manager.using(using)
        ahead = rows.filter(**{f"{self.column}__lt": self.upto(now)}) if self.upto else rows.all()
        if after is not None:
            ahead = ahead.filter(**{f"{self.column}__gte": after.value})
            ahead = ahead.filter(Q(**{f"{self.column}__gt": after.value}) | Q(pk__gt=after.pk))
        order = [self.column] if self.column == "pk" else [self.column, "pk"]
        slice = list(ahead.order_by(*order).values_list(self.column, "pk")[: self.size])
        spent = rows.filter(self.spent(now), pk__in=[pk for _, pk in slice])
        pruned = 0
        if spent.exists():
            with transaction.atomic(using):
                pruned = self.act(spent)
        return Batch(pruned, Place(*slice[-1]) if len(slice) == self.size else None)


@dataclass(eq=False, slots=True)
class Emptied:
    """Empties a column of the rows that are older than a setting allows, along keys with a time in them (UUIDv7).

    The rows stay. So that they are not read again, a walk begins where the last one of this process has ended.
    """

    model: type[Model]
    column: str
    setting: str
    every_s: float = OFTEN_S
    ended: Any = None  # the key of the last row that was looked at

    def batch(self, now: datetime, after: Place | None) -> Batch:
        """Empty the column of the next rows."""
        using = router.db_for_write(self.model)
        rows = self.model._base_manager.using(using)
        ahead = rows.filter(pk__lt=first_id_at(now - kept_for(self.setting)))
        if self.ended is not None:
            ahead = ahead.filter(pk__gt=self.ended)
        slice = list(ahead.order_by("pk").values_list("pk", flat=True)[:BATCH])
        spent = rows.filter(pk__in=slice, **{f"{self.column}__isnull": False})
        pruned = 0
        if spent.exists():
            with transaction.atomic(using):
                pruned = spent.update(**{self.column: None})
        self.ended = slice[-1] if slice else self.ended
        return Batch(pruned, Place(None, self.ended) if len(slice) == BATCH else None)


@dataclass(frozen=True, slots=True)
class Repeated:
    """Calls a function that prunes at most `size` rows a call, and returns their number."""

    act: Callable[[datetime], int]
    size: int
    every_s: float = OFTEN_S

    def batch(self, now: datetime, after: Place | None) -> Batch:
        """Prune what is left, as far as it is one batch."""
        pruned = self.act(now)
        return Batch(pruned, Place(None, None) if pruned >= self.size else None)


def delete(rows: QuerySet[Any]) -> int:
    """Delete these rows; returns their number."""
    count, _ = rows.delete()
    return count
