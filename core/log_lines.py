"""How log lines are written: as JSON or readable, without personal data, and not without end."""

import json
import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from core.log_context import ids

FRAMES = 12  # of a traceback, the innermost
ARGUMENT = re.compile(r"[A-Za-z0-9_.:/\-\[\] ]{1,60}")
WITHHELD = "?"
LONGEST = 1000  # characters of a message; the search below takes time by the square of its length
# Of texts that other packages have composed: addresses, queries, tokens and ids of people's making.
PERSONAL = re.compile(
    r"""[^\s@"'<>]+@[^\s@"'<>]+"""  # e-mail addresses
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"  # IPv4
    r"|\b[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}\b"  # IPv6, and times of day with more than three parts
    r"|(?<=\?)[^\s\"']+"  # queries
    r"|(?<==)[^\s,;)]+"  # values of parameters
    r"|-?\b\d{1,3}\.\d{3,}\b"  # coordinates
    r"|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{37,}"  # tokens, which are longer than a UUID
)


def scrubbed(text: str) -> str:
    """Return a text without what may identify a person or open a door. A long one is cut, before its last word."""
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0] + " …"
    return PERSONAL.sub(WITHHELD, text)


def message_of(record: logging.LogRecord) -> str:
    """Return the message with its arguments, of which only numbers and short plain words are shown."""
    text = str(record.msg)
    args: Any = record.args
    if record.name == "py.warnings":
        return scrubbed((text % args if args else text).partition("\n")[0])
    if isinstance(args, dict):
        args = {name: _shown(value) for name, value in args.items()}
    elif args:
        args = tuple(map(_shown, args))
    try:
        return scrubbed(text % args if args else text)
    except (TypeError, ValueError, KeyError):
        return scrubbed(text)


def _shown(value: object) -> object:
    if isinstance(value, int | float):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__
    text = str(value)
    return text if ARGUMENT.fullmatch(text) else WITHHELD


def failure_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the kind of an exception and where it arose. Its text, which may quote a row, is left out."""
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    frames = traceback.extract_tb(record.exc_info[2])[-FRAMES:]
    return {
        "error": type(record.exc_info[1]).__name__,
        "where": [f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}" for frame in frames],
    }


class JsonLines(logging.Formatter):
    """Writes one JSON object a line: a security event's own fields, or those of any other line."""

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return one line. A record's `fields` are of `core.security_log.record`, or stand beside its `event`."""
        fields = getattr(record, "fields", {})
        if record.name != "security":
            fields = self._line(record, fields)
        return json.dumps(fields, separators=(",", ":"))

    def _line(self, record: logging.LogRecord, fields: dict[str, Any]) -> dict[str, Any]:
        said = {"logger": record.name, "message": message_of(record)} if "event" not in fields else {}
        return {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            **ids(),
            **fields,
            **said,
            **failure_of(record),
        }


class ReadableLines(logging.Formatter):
    """Writes lines for people in front of a terminal, with tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its fields as `name=value`."""
        line = super().format(record)
        fields = {**getattr(record, "fields", {}), **ids()}
        fields.pop("event", None)
        return " ".join([line, *(f"{name}={value}" for name, value in fields.items())])


class BoundedStream(logging.StreamHandler[Any]):
    """Writes only so many lines of one kind a minute, so that a flood fills no disk, and says how many it left out.

    The kind of a line is its event and class of status, or its logger, level and message without arguments.
    """

    WINDOW_S = 60.0
    KINDS_MAX = 1000  # further ones count as one kind

    def __init__(self, stream: Any, lines_per_minute: int) -> None:
        super().__init__(sys.stdout if stream == "stdout" else sys.stderr)
        self._max = lines_per_minute
        self._since = float("-inf")
        self._lines: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line unless too many of its kind were written in the minute that it falls into."""
        if record.created - self._since >= self.WINDOW_S or record.created < self._since:
            self.begin(record.created)
        kind = kind_of(record)
        if kind not in self._lines and len(self._lines) >= self.KINDS_MAX:
            kind = "other"
        self._lines[kind] = self._lines.get(kind, 0) + 1
        if self._lines[kind] <= self._max:
            super().emit(record)

    def begin(self, now: float) -> None:
        """Begin a minute, and say what the last one left out. `now` is in seconds since the epoch."""
        for kind, lines in self._lines.items():
            if lines > self._max:
                record = logging.makeLogRecord(
                    {
                        "name": __name__,
                        "levelname": "WARNING",
                        "msg": "lines_left_out",
                        "created": now,
                        "fields": {"event": "lines_left_out", "kind": kind, "lines": lines - self._max},
                    }
                )
                super().emit(record)
        self._since, self._lines = now, {}

    def close(self) -> None:
        """Say what was left out before the process ends."""
        self.begin(self._since)
        super().close()


def kind_of(record: logging.LogRecord) -> str:
    """Return what the lines are counted by that a flood would repeat."""
    fields = getattr(record, "fields", None)
    if fields:
        return f"{fields.get('event')} {int(fields.get('status') or 0) // 100}"
    return scrubbed(f"{record.name} {record.levelname} {str(record.msg)[:80]}")


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
