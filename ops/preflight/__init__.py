"""Finds flaws in the environment of an installation, and says in plain words what to do about each."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters: an error makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `remedy` is empty if nothing is to be done."""

    subject: str
    level: Level
    said: str
    remedy: str = ""


def ok(subject: str, said: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(subject, Level.OK, said)


def warning(subject: str, said: str, remedy: str) -> Finding:
    """Return a finding that an operator should know of."""
    return Finding(subject, Level.WARNING, said, remedy)


def error(subject: str, said: str, remedy: str) -> Finding:
    """Return a finding with which the installation must not serve."""
    return Finding(subject, Level.ERROR, said, remedy)


Check = Callable[[], Iterable[Finding]]


def findings(checks: Iterable[Check]) -> Iterator[Finding]:
    """Run the checks. One that fails is itself a finding, and the others go on."""
    for check in checks:
        try:
            yield from check()
        except Exception as failure:
            yield error(
                check.__name__.replace("_", " "),
                f"could not be looked at: {type(failure).__name__}",
                "See that what it asks is running and that this machine and account may ask it.",
            )
