"""Reports errors to Sentry, where `SENTRY_DSN` is set: the log's lines of that level, and nothing that they don't say.

Sentry's package sends what we compose. None of its integrations runs, which would take calls, people, local variables
and queries along: what a report says is what `core/log_lines.py` writes, and the ids that join it to other lines.
"""

import logging
import time
import traceback
from pathlib import Path
from typing import Any

from core.lazy import lazy_module
from core.log_context import ids
from core.log_lines import FRAMES, kind_of, message_of

AGAIN_S = 10.0  # an error of the same kind is reported again after this
KINDS_MAX = 1000  # kinds of errors that are remembered
ENDS_WITHIN_S = 2.0  # to send the last reports when the process ends

log = logging.getLogger(__name__)

# Loaded by the first error.
sentry_sdk = lazy_module("sentry_sdk")


class ErrorReports(logging.Handler):
    """Sends records to Sentry, from a thread of its package, so that nobody waits. A report may get lost."""

    def __init__(self, dsn: str, environment: str, process: str) -> None:
        super().__init__(logging.ERROR)
        self._dsn, self._environment, self._process = dsn, environment, process
        self._client: Any = None
        self._reported: dict[str, float] = {}  # when, by kind

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, unless one of its kind was sent a moment ago, or it is about sending."""
        if record.name.partition(".")[0] in ("sentry_sdk", "urllib3") or not self._is_due(kind_of(record)):
            return
        try:
            self._sender().capture_event(report(record, self._process))
        except Exception as error:  # `handleError` would print the arguments
            log.warning("an error could not be reported: %s", type(error).__name__)

    def _is_due(self, kind: str) -> bool:
        now = time.monotonic()
        if now - self._reported.get(kind, float("-inf")) < AGAIN_S:
            return False
        if len(self._reported) >= KINDS_MAX:
            self._reported.clear()
        self._reported[kind] = now
        return True

    def _sender(self) -> Any:
        if self._client is None:
            self._client = sentry_sdk.Client(
                dsn=self._dsn,
                environment=self._environment,
                server_name=self._process,
                default_integrations=False,
                auto_enabling_integrations=False,
                include_local_variables=False,
                max_breadcrumbs=0,
                shutdown_timeout=ENDS_WITHIN_S,
            )
        return self._client

    def close(self) -> None:
        """Send what waits, for `ENDS_WITHIN_S` at most."""
        client, self._client = self._client, None
        if client is not None:
            client.close(timeout=ENDS_WITHIN_S)
        super().close()


def report(record: logging.LogRecord, process: str) -> dict[str, Any]:
    """Return what Sentry is told about a record, in its words."""
    fields = getattr(record, "fields", {})
    told: dict[str, Any] = {
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "logentry": {"formatted": str(fields.get("event") or message_of(record))},
        "tags": {"process": process, **ids()},
        "extra": {name: value for name, value in fields.items() if name != "event"},
        "fingerprint": ["{{ default }}", kind_of(record)],
    }
    if record.exc_info and record.exc_info[1] is not None:
        frames = [_frame(each) for each in traceback.extract_tb(record.exc_info[2])[-FRAMES:]]
        error = {"type": type(record.exc_info[1]).__name__, "value": "", "stacktrace": {"frames": frames}}
        told["exception"] = {"values": [error]}
    return told


def _frame(frame: traceback.FrameSummary) -> dict[str, Any]:
    place = "/".join(Path(frame.filename).parts[-2:])
    return {"filename": place, "function": frame.name, "lineno": frame.lineno}
