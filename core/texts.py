"""Checks and columns for what people write: visible characters in composed form, in one line or in several."""

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

# Controls, separators of lines and paragraphs, and characters that reorder their neighbours.
HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
HIDDEN_BUT_BREAKS = re.compile(HIDDEN.pattern.replace(r"\x00-\x1f", r"\x00-\x09\x0b-\x1f"))
# What mail programs make links of: a scheme, "www.", "@", and names of hosts, whose end is all small or all large.
# "St.John", "J.R." and "B.SMITH" are names.
# Searched from no more than a character before what tells a link: what is written may be very long.
LINK = re.compile(r"://|\b[wW]{3}[.．。｡]|\S@\S|[^\W_](?:[.．。｡][a-z]{2,}|[\w-][.．。｡][A-Z]{2,})(?!\w)")
WORD = re.compile(r"\S+")
BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that show nothing
UNSEEN_KINDS = frozenset(("Cc", "Cf", "Cn", "Mn", "Me", "Zl", "Zp", "Zs"))


def composed(text: str) -> str:
    """Return a text in Unicode's composed form (NFC), with line breaks as a single character."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def check_line(text: str) -> None:
    """Raise `ValidationError` unless a text is one line that can be seen."""
    if HIDDEN.search(text):
        raise ValidationError(_("This takes one line of visible characters."), code="invalid")
    _check_seen(text)


def check_note(text: str) -> None:
    """Raise `ValidationError` unless a text, perhaps of several lines, can be seen."""
    if HIDDEN_BUT_BREAKS.search(text):
        raise ValidationError(_("This has characters that can not be seen."), code="invalid")
    _check_seen(text)


def check_name(text: str) -> None:
    """Raise `ValidationError` unless a text is one line that can be seen and that no mail program makes a link of."""
    check_line(text)
    if LINK.search(text):
        raise ValidationError(_("This takes no web or e-mail address."), code="invalid")


def unlinked(text: str) -> str:
    """Return a text with an ellipsis for each word that has a web or e-mail address in it, for mails."""
    return WORD.sub(lambda word: "…" if LINK.search(word[0]) else word[0], text)


def _check_seen(text: str) -> None:
    if text.strip() and all(one in BLANK_LETTERS or unicodedata.category(one) in UNSEEN_KINDS for one in text):
        raise ValidationError(_("This has no visible characters."), code="invalid")


if TYPE_CHECKING:
    _CharField = models.CharField[str, str]  # generic only to the type checker
else:
    _CharField = models.CharField


class _TextField(_CharField):
    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return composed(found) if isinstance(found, str) else found

    def deconstruct(self) -> Any:
        """Return the field as Django's own, since the column is the same."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class Line(_TextField):
    """A column for one line, as a name; forms and the admin refuse anything else."""

    default_validators = [check_line]


class Name(Line):
    """A column for the name of a person, which mails repeat."""

    default_validators = [check_name]


class Note(_TextField):
    """A column for a text that may have line breaks."""

    default_validators = [check_note]
