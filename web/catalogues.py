"""The catalogues of translated texts: what is in the sources, what is translated, and the compiled files.

Babel does the work, so that no gettext has to be installed. Templates are read the way Django's own `makemessages`
reads them: its `templatize` turns them into something like Python.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LOCALE: Path = settings.LOCALE_PATHS[0]
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    # What services and serializers raise is translated where it is told (core/errors.py, api/errors.py).
    "Invalid": (2,),
    "Forbidden": (2,),
    "Missing": (2,),
    "Conflict": (2,),
    "DatabaseTrouble": (2,),
    "ValidationError": None,
}
PYTHON = [
    "accounts",
    "api",
    "core",
    "notifications",
    "ops",
    "payments",
    "positions",
    "regions",
    "requests_app",
    "rides",
    "runner",
    "speedycheers",
    "web",
]
# domain → where its texts are
SOURCES: dict[str, list[tuple[str, str]]] = {
    "django": [*((app, "**.py") for app in PYTHON), ("templates", "**.html"), ("templates", "**.txt")],
    "djangojs": [("static/js", "**.js")],
}
METHODS = {
    "**.py": "python",
    "**.html": "web.catalogues:extract_template",
    "**.txt": "web.catalogues:extract_template",
    "**.js": "javascript",
}
OPTIONS = {"**.js": {"parse_template_string": True}}  # texts within `${…}` as well
SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
Message = tuple[int, str | tuple[str, ...], list[str], str | None]


def extract_template(fileobj: io.BufferedReader, keywords: object, tags: object, options: object) -> Iterator[Message]:
    """The texts of a Django template, for Babel."""
    like_python = templatize(fileobj.read().decode())
    # Without their indentation these lines are statements enough for Python's tokenizer.
    lines = "\n".join(line.lstrip() for line in like_python.split("\n"))
    return extract_python(io.BytesIO(lines.encode()), keywords, tags, {"encoding": "utf-8"})  # type: ignore[arg-type]


def extracted(domain: str) -> Catalog:
    """A catalogue without translations: what the sources say now."""
    catalogue = Catalog(charset="utf-8", fuzzy=False, header_comment="")
    for folder, pattern in SOURCES[domain]:
        for name, _line, text, _comments, context in extract_from_dir(
            settings.BASE_DIR / folder, [(pattern, METHODS[pattern])], OPTIONS, KEYWORDS
        ):
            if "/tests/" not in f"/{name}" and not {"admin", "admin.py", "management"}.intersection(Path(name).parts):
                catalogue.add(text, locations=[(f"{folder}/{name}", 0)], context=context, flags=_flags(text))
    return catalogue


def _flags(text: str | tuple[str, ...]) -> list[str]:
    texts = [text] if isinstance(text, str) else text
    return ["python-format"] if any(re.search(r"%\(\w+\)[sd]", one) for one in texts) else []


def path_of(language: str, domain: str, suffix: str = "po") -> Path:
    """Where a catalogue is."""
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.{suffix}"


def read(language: str, domain: str) -> Catalog:
    """A language's catalogue; an empty one where there is none yet."""
    path = path_of(language, domain)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False, header_comment="")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, domain: str) -> Catalog:
    """A language's catalogue with the texts of now: new ones untranslated, those that are gone left out."""
    catalogue = read(language, domain)
    catalogue.update(extracted(domain), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    return catalogue


def untranslated(catalogue: Catalog) -> list[str]:
    """The texts that still want a translation."""
    missing = []
    for message in catalogue:
        strings = message.string if isinstance(message.string, tuple | list) else [message.string]
        if message.id and (message.fuzzy or not all(strings)):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def po_text(catalogue: Catalog) -> bytes:
    """The file that is edited."""
    buffer = io.BytesIO()
    write_po(buffer, _timeless(catalogue), width=110, sort_output=True)
    return buffer.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """The file that Django reads."""
    buffer = io.BytesIO()
    write_mo(buffer, _timeless(catalogue))
    return buffer.getvalue()


def _timeless(catalogue: Catalog) -> Catalog:
    """The same texts make the same file, whenever and by which Babel they are written."""
    catalogue.creation_date = catalogue.revision_date = SOME_DAY
    return catalogue
