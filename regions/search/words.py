"""Turns the name of a place, as people type it, into words that can be compared."""

import re
import unicodedata

NUMBERED = re.compile(r"(\d+)(?:st|[nr]d|th)")
WORD = re.compile(r"[^\W_]+")
BETWEEN = re.compile(r"\s*[&@/+]\s*|\s+(?:and|at|und|ecke|y|con|esquina)\s+", re.IGNORECASE)
NUMBER_FIRST = re.compile(r"\s*(\d{1,5})[a-z]?,?\s+(\S.*)", re.IGNORECASE)
NUMBER_LAST = re.compile(r"\s*(\S.*?),?\s+(\d{1,5})\s*")
# After a comma comes the city, which says nothing inside of a region.
REST = re.compile(r",\s*(?:new york|nyc|ny|manhattan)\b.*", re.IGNORECASE)
SHORT = {
    "street": "st", "str": "st", "avenue": "ave", "av": "ave", "boulevard": "blvd", "place": "pl", "square": "sq",
    "plaza": "plz", "center": "ctr", "centre": "ctr", "east": "e", "west": "w", "north": "n", "south": "s",
    "saint": "st", "junior": "jr", "first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5",
    "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10", "eleventh": "11", "twelfth": "12",
}  # fmt: skip
KINDS = frozenset({"st", "ave", "blvd", "pl", "sq", "rd", "dr"})  # of streets
SIDES = frozenset({"e", "w", "n", "s"})

Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """Return a text's words without accents and case, each in its short form: `W. 42nd Street` is w, 42, st."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return tuple(
        _short(word) for word in WORD.findall(plain.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", ""))
    )


def _short(word: str) -> str:
    numbered = NUMBERED.fullmatch(word)
    return numbered[1] if numbered else SHORT.get(word, word)


def fits(asked: Words, name: Words) -> bool:
    """Return whether a name has all words asked for, in their order. The last may be a beginning, unless a number."""
    rest = iter(name)
    *whole, last = asked
    if not all(word in rest for word in whole):
        return False
    return any(word == last or (not last.isdecimal() and word.startswith(last)) for word in rest)


def tells(asked: Words) -> bool:
    """Return whether the words name something: more than the kind or the side of a street."""
    return any(word not in KINDS and word not in SIDES for word in asked)
