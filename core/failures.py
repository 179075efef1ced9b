"""Failures of background jobs, handed to a keeper: this layer has no tables.

A failure has a short code and no text of an error, which may quote an address, a token or a row.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from core.jobs import DueRows


class Keeper(Protocol):
    """Keeps the failures of the rows of jobs. Each call may come twice, and for rows that it does not know."""

    def failed(
        self, rows: "DueRows", pk: Any, error: str, *, next_try_at: datetime, now: datetime, since: datetime | None
    ) -> None:
        """Keep that work on a row has failed. With `since`, nothing is added to what was kept from then on."""

    def recovered(self, rows: "DueRows", pk: Any, *, since: datetime, now: datetime) -> None:
        """Note that a try which began at `since` has not failed."""

    def gave_up(self, rows: "DueRows", pk: Any, error: str, *, now: datetime) -> None:
        """Keep that a row is not tried any more, with an error if none is known."""


class _Nobody:
    """Keeps nothing, in programs without a database."""

    def failed(self, rows: "DueRows", pk: Any, error: str, **_: Any) -> None: ...

    def recovered(self, rows: "DueRows", pk: Any, **_: Any) -> None: ...

    def gave_up(self, rows: "DueRows", pk: Any, error: str, **_: Any) -> None: ...


_keepers: list[Keeper] = [_Nobody()]


def kept_by(keeper: Keeper) -> None:
    """Let failures be kept."""
    _keepers[:] = [keeper]


def keeper() -> Keeper:
    """Return the keeper of failures."""
    return _keepers[0]


def code_of(error: BaseException) -> str:
    """Return the name of an error's class, and a mail server's code if it has one."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
