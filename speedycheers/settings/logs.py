"""Logging without personal data: to the standard streams, and security events to a file of their own or to stdout."""

import logging
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import DATA_DIR, DEBUG, env
from speedycheers.settings.process import PROCESS_KIND

# The file of the security log; `-` is the standard output, where other programs collect it.
SECURITY_LOG: str = env.str("SECURITY_LOG", default=str(DATA_DIR / "log" / "security.jsonl") if DEBUG else "-")
_SECURITY_HANDLER: dict[str, Any] = (
    {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
    if SECURITY_LOG == "-"
    else {"class": "core.log_lines.PrivateFile", "filename": SECURITY_LOG, "delay": True}
)
LOG_FORMAT: str = env.str("LOG_FORMAT", default="text" if DEBUG else "json")
if LOG_FORMAT not in ("json", "text"):
    raise ImproperlyConfigured(f"LOG_FORMAT is json or text, not {LOG_FORMAT!r}.")
logging.captureWarnings(LOG_FORMAT == "json")  # Python's warnings are lines, too
# Of one kind, in one process; further ones are counted, and their number is logged.
LOG_LINES_PER_MINUTE: int = env.int("LOG_LINES_PER_MINUTE", default=6000)
# Where errors are reported, besides. The address has a key, with which anybody may send reports.
SENTRY_DSN: str = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT: str = env.str("SENTRY_ENVIRONMENT", default="development" if DEBUG else "production")
if SENTRY_DSN and not re.fullmatch(f"http{'s?' if DEBUG else 's'}://[^@/]+@[^@/]+/.+", SENTRY_DSN):
    raise ImproperlyConfigured("SENTRY_DSN is an address like https://KEY@HOST/PROJECT.")
_REPORTS: dict[str, Any] = {
    "()": "core.error_reports.ErrorReports",
    "dsn": SENTRY_DSN,
    "environment": SENTRY_ENVIRONMENT,
    "process": PROCESS_KIND,
    "filters": ["refusals_in_one_line"],
}
# The output of a command that somebody types is its result, so its log lines go to the other stream.
LOG_STREAM = "stderr" if PROCESS_KIND == "shell" else "stdout"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "core.log_lines.ReadableLines",
            "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        },
        "json": {"()": "core.log_lines.JsonLines", "process": PROCESS_KIND},
    },
    "filters": {"refusals_in_one_line": {"()": "core.log_lines.RefusalsInOneLine"}},
    "handlers": {
        "console": {
            "()": "core.log_lines.BoundedStream",
            "stream": LOG_STREAM,
            "lines_per_minute": LOG_LINES_PER_MINUTE,
            "formatter": LOG_FORMAT,
            "filters": ["refusals_in_one_line"],
        },
        "security": {**_SECURITY_HANDLER, "formatter": "json"},
        **({"reports": _REPORTS} if SENTRY_DSN else {}),
    },
    "root": {
        "handlers": ["console", "reports"] if SENTRY_DSN else ["console"],
        "level": env.str("LOG_LEVEL", default="INFO"),
    },
    "loggers": {
        # Django's own handlers, which mail administrators and format otherwise, are left out.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "security": {"handlers": ["security"], "level": "INFO", "propagate": False},
        "stripe": {"level": "WARNING"},
    },
}
