"""What goes wrong in a random life of money: calls fail, and the process dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import connection
from hypothesis import strategies as st

from fake_stripe.server import FAULTS

NO_FAULT = ""
FAULT = st.sampled_from([*[NO_FAULT] * 4, *FAULTS])
DEATH = st.one_of(st.none(), st.integers(0, 20))


class Crash(BaseException):
    """The process dies here."""


@contextmanager
def dying_at(write: int | None) -> Iterator[None]:
    """Die instead of the n-th statement that begins, writes or commits. What has been committed before stays.

    Reads don't count: dying before one leaves what dying before the next write does.
    """
    left = [write]

    def count(execute: Any, sql: str, *arguments: Any) -> Any:
        if left[0] is not None and not sql.startswith("SELECT"):
            left[0] -= 1
            if left[0] < 0:
                left[0] = None  # the roll-back that a dead process's connection gets is not stopped
                raise Crash
        return execute(sql, *arguments)

    with suppress(Crash), connection.execute_wrapper(count):
        yield
