"""Translation catalogues: extract texts from the sources, update the catalogues and compile them.

Babel does the work, so gettext need not be installed. Templates are read as Django's own `makemessages` reads them: its
`templatize` turns them into something like Python.
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

from web.allauth_texts import PLURAL_TEXTS, TEXTS

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
    # Messages of errors are translated when they are rendered (core/errors.py, api/errors.py).
    "Invalid": (2,),
    "Forbidden": (2,),
    "Missing": (2,),
    "Conflict": (2,),
    "DatabaseTrouble": (2,),
    "ValidationError": None,
}
PYTHON = [
    "accounts",
    "alerts",
    "api",
    "core",
    "failures",
    "insights",
    "notifications",
    "ops",
    "payments",
    "positions",
    "regions",
    "requests_app",
    "rides",
    "risk",
    "runner",
    "speedycheers",
    "web",
]
# domain → the folders and patterns of its sources
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
    """Extract the texts of a Django template, for Babel."""
    like_python = templatize(fileobj.read().decode())
    # Python's tokenizer accepts these lines once they are not indented.
    lines = "\n".join(line.lstrip() for line in like_python.split("\n"))
    return extract_python(io.BytesIO(lines.encode()), keywords, tags, {"encoding": "utf-8"})  # type: ignore[arg-type]


def extracted(domain: str) -> Catalog:
    """A catalogue of the texts in the sources, without translations."""
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
    """The path of a catalogue's file."""
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.{suffix}"


def read(language: str, domain: str) -> Catalog:
    """A language's catalogue, empty if it does not exist yet."""
    path = path_of(language, domain)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False, header_comment="")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, domain: str) -> Catalog:
    """A language's catalogue brought up to date: new texts are untranslated, and removed texts are dropped."""
    catalogue = read(language, domain)
    catalogue.update(extracted(domain), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    return catalogue


def english() -> Catalog:
    """The catalogue of English: allauth's texts as we say them. All other texts are in English in the sources."""
    catalogue = Catalog(locale="en", charset="utf-8", fuzzy=False, header_comment="")
    for text, ours in TEXTS.items():
        catalogue.add(text, ours, flags=_flags(text))
    for both, ours_both in PLURAL_TEXTS.items():
        catalogue.add(both, ours_both, flags=_flags(both))
    return catalogue


def write(catalogue: Catalog, language: str, domain: str) -> None:
    """Write a catalogue's two files."""
    path = path_of(language, domain)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(po_text(catalogue))
    path_of(language, domain, "mo").write_bytes(mo_bytes(catalogue))


def untranslated(catalogue: Catalog) -> list[str]:
    """The texts that have no translation yet."""
    missing = []
    for message in catalogue:
        strings = message.string if isinstance(message.string, tuple | list) else [message.string]
        if message.id and (message.fuzzy or not all(strings)):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def po_text(catalogue: Catalog) -> bytes:
    """The content of the `.po` file, which translators edit."""
    buffer = io.BytesIO()
    write_po(buffer, _timeless(catalogue), width=110, sort_output=True)
    return buffer.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """The content of the `.mo` file, which Django reads."""
    buffer = io.BytesIO()
    write_mo(buffer, _timeless(catalogue))
    return buffer.getvalue()


def _timeless(catalogue: Catalog) -> Catalog:
    """The catalogue with fixed dates, so that the same texts always make the same file."""
    catalogue.creation_date = catalogue.revision_date = SOME_DAY
    return catalogue
