"""Public holidays of a region's country, or of a part of it."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from regions.days_off import check_country, check_subdivision, days_off
from regions.models import Region


def test_a_country_has_its_holidays_and_a_part_of_it_more() -> None:
    assert date(2026, 11, 26) in days_off("US", "", [2026])
    epiphany = date(2026, 1, 6)
    assert epiphany not in days_off("DE", "", [2026])
    assert epiphany in days_off("DE", "BY", [2026])
    assert {day.year for day in days_off("DE", "BY", [2027, 2026])} == {2026, 2027}


def test_a_day_that_is_observed_instead_is_one() -> None:
    assert {date(2026, 7, 3), date(2026, 7, 4)} <= days_off("US", "", [2026])


@pytest.mark.parametrize(("country", "subdivision"), [("", ""), ("XX", ""), ("US", "BY"), ("", "NY")])
def test_what_is_not_known_has_none(country: str, subdivision: str) -> None:
    assert days_off(country, subdivision, [2026]) == frozenset()


@pytest.mark.parametrize("code", ["XX", "us", "USA", "Germany"])
def test_a_country_goes_by_its_code(code: str) -> None:
    check_country("US")
    with pytest.raises(ValidationError):
        check_country(code)


def test_a_part_belongs_to_its_country() -> None:
    check_subdivision("DE", "BY")
    check_subdivision("", "")
    for country, code in (("US", "BY"), ("", "BY"), ("DE", "by")):
        with pytest.raises(ValidationError):
            check_subdivision(country, code)


@pytest.mark.django_db
def test_no_part_without_a_country(nyc: Region) -> None:
    Region.objects.filter(pk=nyc.pk).update(country="US", subdivision="NY")
    with pytest.raises(IntegrityError), transaction.atomic():
        Region.objects.filter(pk=nyc.pk).update(country="")
