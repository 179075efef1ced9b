"""How log lines are written: security events as JSON, and refused calls without a traceback."""

import json
import logging
import os
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path


class JsonLines(logging.Formatter):
    """Writes the fields of a security event as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line. Only `core.security_log.record` gives a log record these fields."""
        return json.dumps(getattr(record, "fields", {}), separators=(",", ":"))


class PrivateFile(WatchedFileHandler):
    """A file that only its owner may read. Several processes append to it, and it may be renamed while they do."""

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")


class RefusalsInOneLine(logging.Filter):
    """Leaves a line of our own of what Django refuses as suspicious.

    Otherwise every call for a stranger's host would leave a traceback, and in it what the caller chose to say.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record; those of Django's security loggers lose their traceback and the caller's words."""
        if record.name.startswith("django.security.") and record.exc_info:
            record.exc_info, record.exc_text = None, None
            record.msg, record.args = "a call was refused", ()
        return True
