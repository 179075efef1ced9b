"""The lines of a drill's table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One measure. `wanted` is its expected value in words; `kept` is None for a measure without one."""

    name: str
    value: str
    wanted: str = ""
    kept: bool | None = None


def zero(name: str, value: int) -> Line:
    """A measure that must be 0."""
    return Line(name, str(value), "0", value == 0)


def equal(name: str, whole: int, part: int) -> Line:
    """Two counts that must be equal."""
    return Line(name, f"{whole} / {part}", "equal", whole == part)
