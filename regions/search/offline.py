"""The search in a region's own names."""

from collections.abc import Iterator
from dataclasses import dataclass

from regions.search.gazetteer import Gazetteer
from regions.search.streets import Point, Street
from regions.search.words import BETWEEN, KINDS, NUMBER_FIRST, NUMBER_LAST, REST, fits, tells, words_of

TRIED = 8  # streets of a name, for a crossing or a house


@dataclass(frozen=True)
class Found:
    """An answer to a search."""

    name: str
    kind: str  # place, zone, address, crossing or street
    at: Point


def search(text: str, names: Gazetteer) -> Iterator[Found]:
    """Yield what a text may mean, the likeliest first: a house, a crossing, landmarks and zones, streets."""
    text = REST.sub("", text)
    yield from _houses(text, names)
    yield from _crossings(text, names)
    asked = words_of(text)
    if not asked:
        return
    fitting = [each for each in names.named if fits(asked, each.words)]
    fitting.sort(key=lambda each: each.words[0] != asked[0])  # those that begin so come first
    for each in fitting:
        yield Found(each.name, each.kind, each.at)
    for street in _streets(text, names):
        yield Found(street.name, "street", street.middle)


def _streets(text: str, names: Gazetteer) -> list[Street]:
    """Return the streets that a text may name, those that it names in full first."""
    asked = words_of(text)
    if not asked or not tells(asked):
        return []
    fitting = [street for street in names.streets if any(fits(asked, each) for each in street.names)]
    return sorted(fitting, key=lambda street: asked not in street.names)


def _houses(text: str, names: Gazetteer) -> Iterator[Found]:
    """Yield houses: `350 5th Ave`, and `5th Avenue 350` if the street is named in full; else its street."""
    first, last = NUMBER_FIRST.fullmatch(text), NUMBER_LAST.fullmatch(text)
    if first:
        number, streets = int(first[1]), _streets(first[2], names)[:TRIED]
    elif last:
        asked = words_of(last[1])
        number, streets = int(last[2]), [street for street in names.streets if asked in street.names]
    else:
        return
    for street in streets:
        at = street.house(number)
        yield Found(f"{number} {street.name}", "address", at) if at else Found(street.name, "street", street.middle)


def _crossings(text: str, names: Gazetteer) -> Iterator[Found]:
    """Yield where two streets meet: `5th & 42nd`, `Broadway at 72nd St`, `W 42 St 8 Ave`."""
    parts = BETWEEN.split(text.strip())
    if len(parts) == 2:
        sides = [_streets(parts[0], names), _streets(parts[1], names)]
    else:
        sides = _split_behind_a_kind(text, names)
    seen: list[Point] = []
    for one in sides[0][:TRIED] if len(sides) == 2 else []:
        for other in sides[1][:TRIED]:
            at = one.crossing(other) if one is not other else None
            if at and at not in seen:  # east and west of an avenue are one corner
                seen.append(at)
                yield Found(f"{one.name} & {other.name}", "crossing", at)


def _split_behind_a_kind(text: str, names: Gazetteer) -> list[list[Street]]:
    """Return the streets of both halves of a text with two kinds of street and nothing between; else nothing."""
    asked = words_of(text)
    kinds = [place for place, word in enumerate(asked) if word in KINDS]
    if len(kinds) != 2 or kinds[0] + 1 == len(asked):
        return []
    halves = asked[: kinds[0] + 1], asked[kinds[0] + 1 :]
    return [_streets(" ".join(half), names) for half in halves]
