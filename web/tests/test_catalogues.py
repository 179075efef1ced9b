"""The catalogues are whole: every text is marked, translated, compiled, and addressed to people alike."""

import gettext
import re
from pathlib import Path

import allauth
import pytest
from babel.messages.jslexer import tokenize
from babel.messages.pofile import read_po
from django.conf import settings

from web import catalogues
from web.allauth_texts import PLURAL_TEXTS, TEXTS

CATALOGUES = [(language, domain) for language in catalogues.LANGUAGES for domain in catalogues.SOURCES]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|</?\w+[^>]*>")
TEMPLATES = settings.BASE_DIR / "templates"
NAMES = {"SpeedyCheers", "API", "PDF", "CSV", "UTC"}
NO_TEXT = re.compile(
    r"{% block (?:main|body)_class %}.*?endblock %}|"
    r"{%\s*blocktranslate.*?endblocktranslate\s*%}|{#.*?#}|{%.*?%}|{{.*?}}",
    re.S,
)
SCRIPTS = settings.BASE_DIR / "static" / "js"
# A word with a capital before a space, a stop or the end, or three words in a row.
SENTENCE = re.compile(r"^[A-Z][a-z]+(?:['\u2019]\w+)?(?:[ ,.:;!?\u2026]|$)|\b[a-z]{2,} [a-z]+ [a-z]{2,}\b")
NOT_SHOWN = {"gettext", "ngettext", "Error", "console.info", "console.warn", "console.error"}
NO_SENTENCES = {"Bearer ", "Enter", "Escape", "Leaflet", "Notification", "Polygon", "no geolocation here"}
VALUE = re.compile(r"\$\{.*?\}")
SPOKEN = re.compile(r'\b(?:alt|aria-label|placeholder|title)="([^"]*)"')


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_every_text_is_there_and_translated(language: str, domain: str) -> None:
    """`make messages` gathers the texts; translating them is the rest."""
    held = {message.id for message in catalogues.read(language, domain) if message.id}
    now = {message.id for message in catalogues.extracted(domain) if message.id}
    assert held == now, "run `make messages`"
    assert catalogues.untranslated(catalogues.read(language, domain)) == []


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_the_compiled_files_are_those_of_the_catalogues(language: str, domain: str, tmp_path: Path) -> None:
    compiled = tmp_path / "now.mo"
    compiled.write_bytes(catalogues.mo_bytes(catalogues.read(language, domain)))
    texts = []
    for path in (compiled, catalogues.path_of(language, domain, "mo")):
        with path.open("rb") as file:
            texts.append({key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key})
    assert texts[0] == texts[1], "run `make messages`"


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_translations_have_the_gaps_of_their_texts(language: str, domain: str) -> None:
    for message in catalogues.read(language, domain):
        if message.id:
            ids = message.id if isinstance(message.id, tuple | list) else [message.id]
            strings = message.string if isinstance(message.string, tuple | list) else [message.string]
            wanted = sorted(PLACEHOLDER.findall(ids[-1]))
            assert sorted(PLACEHOLDER.findall(strings[-1])) == wanted, message.id


def test_english_has_the_present_texts_for_allauths() -> None:
    path = catalogues.path_of("en", "django")
    assert path.read_bytes() == catalogues.po_text(catalogues.english()), "run `make messages`"
    assert path.with_suffix(".mo").read_bytes() == catalogues.mo_bytes(catalogues.english())


def test_allauth_has_the_texts_that_we_replace() -> None:
    """Each is one of its own: with another one, a new release has changed a text."""
    with (Path(allauth.__file__).parent / "locale/de/LC_MESSAGES/django.po").open("rb") as file:
        known = {message.id for message in read_po(file)}
    assert not {*TEXTS, *PLURAL_TEXTS} - known - {"Are you sure?"}


def page_templates() -> list[str]:
    names = (str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
    return sorted(name for name in names if not name.startswith("admin/"))


@pytest.mark.parametrize("name", page_templates())
def test_no_template_speaks_english_only(name: str) -> None:
    source = NO_TEXT.sub(" ", (TEMPLATES / name).read_text())
    spoken = [*SPOKEN.findall(source), re.sub(r"<style.*?</style>|<[^>]*>|&\w+;", " ", source, flags=re.S)]
    words = set(re.findall(r"[A-Za-z]{2,}", " ".join(spoken))) - NAMES
    assert not words, f"{name}: {words}"


def unmarked(source: str) -> set[str]:
    """Return sentences of a script that no call translates, and that people may see."""
    found, calls, previous = set(), [], ""
    for token in tokenize(source, jsx=False):
        if token.value == "(":
            calls.append(previous)
        elif token.value == ")":
            calls.pop()
        elif token.type in ("string", "template_string") and not NOT_SHOWN.intersection(calls):
            found.add(VALUE.sub("", token.value[1:-1]))
        previous = token.value
    return {text for text in found - NO_SENTENCES if SENTENCE.search(text)}


@pytest.mark.parametrize("name", sorted(path.name for path in SCRIPTS.glob("*.js") if path.name != "docs.js"))
def test_no_script_speaks_english_only(name: str) -> None:
    """Except that of the browsable API, which is in English."""
    assert not unmarked((SCRIPTS / name).read_text())


def test_an_unmarked_sentence_is_found() -> None:
    assert unmarked('text($("#a"), "Somebody comes."); say(gettext("Now."), `It costs ${money(fee)}.`)') == {
        "Somebody comes.",
        "It costs .",
    }


AWAY = {
    "es": r"\b(vosotros|vuestr\w+|usted(es)?|\w+(áis|éis))\b|\b(Sed|Animadme)\b",
    "de": r"(?<=[a-zäöü,] )(Sie|Ihre?[mnrs]?)\b",
}


@pytest.mark.parametrize(("language", "domain"), CATALOGUES)
def test_people_are_addressed_alike(language: str, domain: str) -> None:
    """German says du, and Spanish tú, as in Latin America."""
    for message in catalogues.read(language, domain):
        for text in message.string if isinstance(message.string, tuple | list) else [message.string]:
            found = re.search(AWAY[language], text) if message.id else None
            assert found is None or found[0] == "ustedes", text
