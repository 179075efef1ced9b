"""Declared state graphs and the one guarded way to move along them.

Each app declares its graph in `states.py` and its history table in `models.py`. `move` is a
compare-and-swap: an `UPDATE … WHERE status = <the status we saw>` whose row count says who won.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models, router

from core.errors import Conflict
from core.metrics import TRANSITIONS
from core.sql import compare_and_set, insert_all, require_transaction

REASON_MAX_CHARS = 200


class Graph:
    """The statuses of a row, and which may follow which. An impossible graph is refused at import."""

    def __init__(self, statuses: type[models.TextChoices], *, initial: str, edges: Mapping[str, Iterable[str]]) -> None:
        self.statuses = statuses
        self.initial = initial
        self.edges = {old: frozenset(new) for old, new in edges.items()}
        known = set(statuses.values)
        named = set(self.edges) | {new for following in self.edges.values() for new in following} | {initial}
        if named != known:
            raise ValueError(f"{statuses.__name__}: the graph and the statuses differ in {sorted(named ^ known)}")
        if unreachable := known - self._reachable():
            raise ValueError(f"{statuses.__name__}: nothing leads to {sorted(unreachable)}")

    def _reachable(self) -> set[str]:
        seen, waiting = {self.initial}, [self.initial]
        while waiting:
            for new in self.edges.get(waiting.pop(), ()):
                if new not in seen:
                    seen.add(new)
                    waiting.append(new)
        return seen

    def allows(self, old: str, new: str) -> bool:
        """Return whether the edge old → new is declared."""
        return new in self.edges.get(old, ())

    @property
    def final(self) -> list[str]:
        """The statuses that nothing follows."""
        return sorted(status for status in self.statuses.values if not self.edges.get(status))


class Transition(models.Model):
    """One step of one row: the audit trail. Each app makes it concrete with a `subject` foreign key."""

    old = models.CharField(max_length=24, blank=True)
    new = models.CharField(max_length=24)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who did it; empty means the system.",
    )
    reason = models.CharField(max_length=REASON_MAX_CHARS, blank=True)
    at = models.DateTimeField()

    class Meta:
        abstract = True
        ordering: ClassVar[Sequence[str]] = ["id"]

    def __str__(self) -> str:
        return f"{self.old or 'new'} → {self.new}"


class Stateful(models.Model):
    """A row whose `status` is set only by `create`, `create_moved` and `move`, or by `create_all` and `move_all`.

    All of them need a transaction on the database that the row came from or that a router chooses, and raise
    `TransactionManagementError` outside one, because status and history could diverge.
    """

    graph: ClassVar[Graph]
    history: ClassVar[Any]  # the concrete Transition; Any, because only the concrete one has `subject`
    status: Any

    class Meta:
        abstract = True

    def create(self, *, actor: AbstractBaseUser | None, at: datetime, reason: str = "") -> None:
        """Insert this new row and its first history row.

        Raises: `IntegrityError` if a constraint refuses it.
        """
        create_all([self], actor=actor, at=at, reason=reason)

    def create_moved(
        self, new: str, *, actor: AbstractBaseUser | None, mover: AbstractBaseUser | None, at: datetime, **changes: Any
    ) -> None:
        """Combine `create` by `actor` and `move` to `new` by `mover`, in the statements of one `create`."""
        old, using = self.status, _database_of(self)
        _require_edge(type(self), old, new)
        _set(self, new, changes)
        steps = [self._step("", old, actor, at), self._step(old, new, mover, at)]
        insert_all([self], using=using, then=steps)
        _count(type(self), new, 1, using)

    def _step(self, old: str, new: str, actor: AbstractBaseUser | None, at: datetime, reason: str = "") -> Transition:
        """Return a history row of this row, which need not be stored yet."""
        actor_id = None if actor is None else actor.pk
        step: Transition = self.history(subject_id=self.pk, old=old, new=new, actor_id=actor_id, reason=reason, at=at)
        return step

    def move(self, new: str, *, actor: AbstractBaseUser | None, at: datetime, reason: str = "", **changes: Any) -> None:
        """Move from the status of this instance to `new`, and set the fields in `changes`.

        Raises: `Conflict`: `wrong_state` if the graph lacks the edge, `state_changed` if the row's status has changed
            since it was read.
        """
        move_all([self], new, actor=actor, at=at, reason=reason, **changes)


S = TypeVar("S", bound=Stateful)


def create_all(rows: Sequence[S], *, actor: AbstractBaseUser | None, at: datetime, reason: str = "") -> None:
    """Insert new rows of one model and the first history row of each. Raises like `create`."""
    if rows:
        steps, using = [row._step("", row.status, actor, at, reason) for row in rows], _database_of(rows[0])
        insert_all(rows, using=using, then=steps)
        _count(type(rows[0]), rows[0].status, len(rows), using)


def move_all(
    rows: Sequence[S], new: str, *, actor: AbstractBaseUser | None, at: datetime, reason: str = "", **changes: Any
) -> None:
    """Move rows of one model, database and status, and write their history: all of them or none.

    Raises: like `Stateful.move`; the transaction must then roll back.
    """
    if not rows:
        return
    model, old, using = type(rows[0]), rows[0].status, _database_of(rows[0])
    _require_edge(model, old, new)
    actor_id = None if actor is None else actor.pk
    note = {"old": old, "new": new, "actor_id": actor_id, "reason": reason[:REASON_MAX_CHARS], "at": at}
    ids, wanted = [row.pk for row in rows], {"status": new, **changes}
    if compare_and_set(model, ids, {"status": old}, wanted, using=using, noted=(model.history, note)) != len(rows):
        raise Conflict("state_changed", f"This {model._meta.verbose_name} has changed in the meantime.")
    _count(model, new, len(rows), using)
    for row in rows:
        _set(row, new, changes)


def _count(model: type[Stateful], new: str, count: int, using: str) -> None:
    """Count these rows among those that have come to a status, once they are committed."""
    TRANSITIONS.add_on_commit(str(model._meta.model_name), new, count=count, using=using)


def _database_of(row: Stateful) -> str:
    """Return the alias of the database for a row's statements, which must have an open transaction."""
    using = router.db_for_write(type(row), instance=row)
    require_transaction(using)
    return using


def _require_edge(model: type[Stateful], old: str, new: str) -> None:
    if not model.graph.allows(old, new):
        raise Conflict("wrong_state", f"This {model._meta.verbose_name} is {old} and can't become {new}.")


def _set(row: Stateful, status: str, changes: Mapping[str, Any]) -> None:
    row.status = status
    for field, value in changes.items():
        setattr(row, field, value)
