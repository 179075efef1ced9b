"""Has a trial replayed by `manage.py replay_trial`, a process of its own that only reads.

It writes lines: each stage as it begins, and last the result, or the reason why it has no result.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from core import child
from insights.sandbox.states import Failure, Stage

LIMIT_S = 600.0
Result = dict[str, Any]


class Refused(Exception):
    """A trial can't have a result."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure)


def replayed(trial_id: UUID, told: Callable[[Stage], None]) -> Result:
    """Return the result of a trial.

    Raises: `Refused` with the reason; `ChildProcessError` if the replay breaks, which says why on its error output.
    """
    with child.lines_of(child.command("replay_trial", trial_id), limit_s=LIMIT_S) as lines:
        return result_in(lines, told)


def result_in(lines: Iterable[str], told: Callable[[Stage], None]) -> Result:
    """Return the result in the lines of a replay, and tell each stage. Raises as `replayed`."""
    try:
        for line in lines:
            said = json.loads(line)
            if "stage" in said:
                told(Stage(said["stage"]))
            elif "failure" in said:
                raise Refused(Failure(said["failure"]))
            else:
                result: Result = said["result"]
                return result
    except TimeoutError:
        raise Refused(Failure.TOO_LONG) from None
    raise ChildProcessError("The replay has ended without a result.")
