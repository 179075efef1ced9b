"""Public holidays of countries and their parts, by the codes of ISO 3166."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from django.core.exceptions import ValidationError
from holidays import country_holidays, list_supported_countries


def check_country(code: str) -> None:
    """Raise `ValidationError` unless the holidays of a country with this code are known."""
    if code not in _known():
        raise ValidationError("Not the code of a country whose holidays are known, for example US.")


def check_subdivision(country: str, code: str) -> None:
    """Raise `ValidationError` unless the holidays of this part of a country are known; an empty code stands for all."""
    if code and code not in _known().get(country, ()):
        raise ValidationError("Not the code of a part of this country whose holidays are known, for example NY.")


def days_off(country: str, subdivision: str, years: Iterable[int]) -> frozenset[date]:
    """Return the public holidays of years, and the days on which they are observed instead; none without a country.

    A country or a part of it that is not known has none, rather than keeping its region from what it needs them for.
    """
    known = _known().get(country)
    if known is None or (subdivision and subdivision not in known):
        return frozenset()
    return _days_off(country, subdivision, tuple(sorted(set(years))))


def _known() -> dict[str, list[str]]:
    """The countries, each with its parts."""
    return list_supported_countries(include_aliases=False)  # which keeps its answer


@lru_cache(maxsize=64)
def _days_off(country: str, subdivision: str, years: tuple[int, ...]) -> frozenset[date]:
    return frozenset(country_holidays(country, subdiv=subdivision or None, years=years))
