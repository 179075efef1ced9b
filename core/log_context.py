"""The ids that every log line of one call, connection, task or pass carries, so that lines can be joined."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

TRACE = "trace"  # where traces are on (core/tracing.py)
NAMES = ("request", "connection", "task", "pass", "region", TRACE)
WELL_FORMED = re.compile(r"[0-9a-fA-F-]{16,64}")  # an id as proxies make them; a name or an address is none

_ids: ContextVar[dict[str, str] | None] = ContextVar("log_ids", default=None)


def ids() -> dict[str, str]:
    """Return a copy of the present ids by their names."""
    return dict(_ids.get() or {})


@contextmanager
def bound(**more: str) -> Iterator[dict[str, str]]:
    """Add these ids to those of the lines that the block writes, also in threads that copy its context."""
    present = {**ids(), **more}
    token = _ids.set(present)
    try:
        yield present
    finally:
        _ids.reset(token)


def note(**more: str) -> None:
    """Add ids until the end of the surrounding `bound`; without one nothing happens."""
    present = _ids.get()
    if present is not None:
        present.update(more)


def carried(sent: object) -> dict[str, str]:
    """Return the well-formed ids among those that a message brought along."""
    if not isinstance(sent, dict):
        return {}
    return {
        name: value
        for name, value in sent.items()
        if name in NAMES and isinstance(value, str) and re.fullmatch(r"[\w-]{1,64}", value, re.ASCII)
    }
