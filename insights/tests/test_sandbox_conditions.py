"""The conditions that a replay goes by: those in force in a region, and those that a file asks to try."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from core.errors import Invalid
from insights.sandbox.conditions import Variant, in_force, read_variants, versions
from regions.models import Region
from regions.policies import Policy
from regions.selectors import forget_policies, offer_ttl, usual_patience, usual_radii_m
from requests_app.selectors import rules_of

NOON = datetime(2026, 5, 7, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def decide(region: Region, staff: User, version: int, at: datetime, **values: Any) -> None:
    Policy.objects.create(region=region, version=version, created_at=at, author=staff, reason="A trial", **values)
    forget_policies()


@pytest.mark.parametrize("values", [{}, {"radii_m": [700], "offer_ttl_s": 30, "cap_s": 300.0, "cap_lone": False}])
def test_they_are_those_that_the_matcher_goes_by(nyc: Region, staff: User, values: dict[str, Any]) -> None:
    decide(nyc, staff, 1, NOON, **values)
    [(_, given)] = in_force(versions(nyc, NOON, NOON + MINUTE))
    forced = rules_of(nyc.pk)
    assert given.rules == forced.rules
    assert given.uncapped_m == forced.uncapped_m
    assert list(given.radii_m) == usual_radii_m(nyc.pk)
    assert given.offer_ttl_s == offer_ttl(nyc.pk).total_seconds()
    assert given.patience_s == usual_patience(nyc.pk).total_seconds()
    forget_policies()


def test_each_version_counts_from_its_own_time(nyc: Region, staff: User) -> None:
    decide(nyc, staff, 1, NOON - MINUTE, offer_ttl_s=30)
    decide(nyc, staff, 2, NOON + MINUTE, offer_ttl_s=40)
    decide(nyc, staff, 3, NOON + 9 * MINUTE, offer_ttl_s=50)
    found = in_force(versions(nyc, NOON, NOON + 5 * MINUTE), Variant("near", {"radii_m": [500]}))
    assert [(at, each.offer_ttl_s) for at, each in found] == [(NOON, 30), (NOON + MINUTE, 40)]
    assert {each.radii_m for _, each in found} == {(500,)}
    forget_policies()


def test_a_file_names_variants(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("[wider]\nradii_m = [3000, 8000]\n[fewer]\npartners = 0.8\ncap_lone = true\n")
    wider, fewer = read_variants(path)
    assert wider == Variant("wider", {"radii_m": [3000, 8000]})
    assert fewer == Variant("fewer", {"cap_lone": True}, 0.8)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a table"),
        ("radii_m = [1]", "a table"),
        ("[a", "not TOML"),
        ("[a]\nradii_m = [5, 2]", "growing radii"),
        ("[a]\noffer_ttl_s = 1", "5 to 300"),
        ("[a]\noffer_ttl_s = true", "5 to 300"),
        ("[a]\ncap_lone = 1", "true or false"),
        ("[a]\npartners = 11", "0 to 10"),
        ("[a]\npartners = nan", "0 to 10"),
        ("[a]\nintake = 'paused'", "nothing that can be tried"),
    ],
)
def test_a_file_that_makes_no_sense(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(Invalid) as caught:
        read_variants(path)
    assert told in str(caught.value.detail)


def test_values_that_do_not_go_together(nyc: Region) -> None:
    with pytest.raises(Invalid):
        in_force(versions(nyc, NOON, NOON + MINUTE), Variant("odd", {"cap_s": 100.0}))
