"""Logging without personal data: to the standard streams, and security events to a file of their own or to stdout."""

from typing import Any

from speedycheers.settings.base import DATA_DIR, DEBUG, env

# The file of the security log; `-` is the standard output, where other programs collect it.
SECURITY_LOG: str = env.str("SECURITY_LOG", default=str(DATA_DIR / "log" / "security.jsonl") if DEBUG else "-")
_SECURITY_HANDLER: dict[str, Any] = (
    {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}
    if SECURITY_LOG == "-"
    else {"class": "core.log_lines.PrivateFile", "filename": SECURITY_LOG, "delay": True}
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"},
        "json": {"()": "core.log_lines.JsonLines"},
    },
    "filters": {"refusals_in_one_line": {"()": "core.log_lines.RefusalsInOneLine"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals_in_one_line"]},
        "security": {**_SECURITY_HANDLER, "formatter": "json"},
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "daphne": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "security": {"handlers": ["security"], "level": "INFO", "propagate": False},
        "stripe": {"level": "WARNING"},
    },
}
