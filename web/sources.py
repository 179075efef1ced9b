"""What our stylesheets and scripts are made of: the files that they import from their own folder."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import PurePosixPath

from django.conf import settings
from django.contrib.staticfiles import finders

SHEET_IMPORT = re.compile(r'^@import "([\w.-]+\.css)";\n', re.MULTILINE)
SCRIPT_IMPORT = re.compile(r'^(?:import|export) (?:[^"]*? from )?"\./([\w.-]+\.js)";', re.MULTILINE)
Read = Callable[[str], str]


def whole_sheet(path: str, read: Read) -> str:
    """A stylesheet with those that it imports in their place. `read` gives a path's text."""

    def imported(match: re.Match[str]) -> str:
        return whole_sheet(_beside(path, match[1]), read)

    return SHEET_IMPORT.sub(imported, read(path))


def parts(path: str) -> tuple[str, ...]:
    """Every file that this stylesheet or script imports, directly or through others, each once."""
    return tuple(_parts(path)) if settings.DEBUG else _parts_once(path)


def _parts(path: str) -> list[str]:
    """Breadth first: what a browser would come to know of first."""
    found = [path]
    for known in found:  # grows on the way
        found += [name for name in _imports(known) if name not in found]
    return found[1:]


@cache
def _parts_once(path: str) -> tuple[str, ...]:
    return tuple(_parts(path))


def _imports(path: str) -> Iterator[str]:
    pattern = SHEET_IMPORT if path.endswith(".css") else SCRIPT_IMPORT
    yield from dict.fromkeys(_beside(path, name) for name in pattern.findall(source_text(path)))


def _beside(path: str, name: str) -> str:
    return str(PurePosixPath(path).with_name(name))


def source_text(path: str) -> str:
    """The text of a static file as it is in the sources. Raises FileNotFoundError."""
    found = finders.find(path)
    if not isinstance(found, str):
        raise FileNotFoundError(path)
    with open(found, encoding="utf-8", errors="replace") as file:
        return file.read()
