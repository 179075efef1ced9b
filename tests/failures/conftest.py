"""Parts that fail on purpose, and what puts things right again."""

import signal
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from backoffice.audit import VIOLATION
from core import valkey
from ops import sweep
from ops.audit import all_checks
from requests_app.tasks import match_region
from requests_app.wakeups import PENDING_FOR_S, match_queue
from testbed import environment


@pytest.fixture
def valkey_process() -> Iterator[Callable[[int], None]]:
    """Signals the Valkey of this test session. At the end there is one that answers."""

    def hit(number: int) -> None:
        process = environment.VALKEYS[-1]
        process.send_signal(number)
        if number == signal.SIGKILL:
            process.wait()

    yield hit
    process = environment.VALKEYS[-1]
    process.send_signal(signal.SIGCONT)
    if process.poll() is not None:
        environment.start_valkey()
    valkey.RetryOnce.hung_at = -valkey.SPARED_S


def back_with_nothing() -> None:
    """A killed Valkey is started again; it has kept nothing."""
    environment.start_valkey()
    assert valkey.client().dbsize() == 0


def go_on(region: str = "nyc") -> None:
    """What happens by itself: locks and flags of the dead lapse, the sweep passes, a worker takes what is queued."""
    for name, longest_s in (("pending", PENDING_FOR_S), ("lock", 3)):
        key = f"{{{region}}}:match:{name}"
        left_ms = int(valkey.client().pttl(key))  # type: ignore[arg-type]  # typed for both kinds of client
        assert left_ms == -2 or 0 < left_ms <= longest_s * 1000, f"{key} would hold the region for ever"
        valkey.client().delete(key)
    sweeper = sweep.Sweeper()
    sweeper.run_due()
    while valkey.client().lpop(match_queue(region)):
        match_region(region)


def assert_promises_hold() -> None:
    """What `manage.py audit` looks at."""
    for check in all_checks():
        found = check.look(timezone.now())
        assert check.kind != VIOLATION or not found.wrong, (check.promise, found.examples)
