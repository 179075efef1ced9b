"""The files that our stylesheets and scripts import from their own folder."""

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
    """A stylesheet with its imports replaced by their text. `read` returns the text of a path."""

    def imported(match: re.Match[str]) -> str:
        return whole_sheet(_beside(path, match[1]), read)

    return SHEET_IMPORT.sub(imported, read(path))


def parts(path: str) -> tuple[str, ...]:
    """Every file that this stylesheet or script imports, directly or through others, each once."""
    return tuple(_parts(path)) if settings.DEBUG else _parts_once(path)


def _parts(path: str) -> list[str]:
    """The imports breadth first, in the order in which a browser would discover them."""
    found = [path]
    for known in found:  # the list grows during the loop
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
    """The text of a static file in the sources. Raises `FileNotFoundError`."""
    found = finders.find(path)
    if not isinstance(found, str):
        raise FileNotFoundError(path)
    with open(found, encoding="utf-8", errors="replace") as file:
        return file.read()
