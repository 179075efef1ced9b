"""The conditions of a region: those of its policies, and those that a file asks to try."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from core.errors import Invalid
from insights.sandbox.states import TIMES_MAX
from insights.sandbox.world import Conditions
from regions import policies
from regions.models import Region
from regions.policies import LIMITS, Intake, Policy, check_radii
from regions.selectors import policy_of
from requests_app.rules import RULES
from requests_app.selectors import RulesInForce


@dataclass(frozen=True, slots=True)
class Variant:
    """Rules to try: what they change of those in force, and how many times as many partners there are."""

    name: str
    changes: Mapping[str, Any]  # fields of a policy
    partners: float = 1.0


def conditions_of(policy: Policy) -> Conditions:
    """Return the conditions of a version of a policy; where it says nothing, the installation's hold."""
    said = {name: getattr(policy, name) for name in policies.RULES}
    rules = replace(RULES, **{name: value for name, value in said.items() if value is not None})
    return Conditions(
        radii_m=tuple(policy.radii_m or settings.MATCH_RADIUS_M),
        offer_ttl_s=float(policy.offer_ttl_s or settings.OFFER_TTL_S),
        patience_s=float(policy.patience_s or settings.REQUEST_PATIENCE_S),
        uncapped_m=RulesInForce(policy.version, rules).uncapped_m,
        rules=rules,
        paused=policy.intake == Intake.PAUSED,
    )


def versions(region: Region, since: datetime, until: datetime) -> list[tuple[datetime, Policy]]:
    """Return the policies in force in a time, each with the moment from which it was."""
    found = [(since, Policy(version=0))]
    for policy in Policy.objects.filter(region=region, created_at__lt=until).order_by("version"):
        if policy.created_at <= since:
            found = [(since, policy)]
        else:
            found.append((policy.created_at, policy))
    return found


def in_force(
    found: Sequence[tuple[datetime, Policy]], variant: Variant | None = None
) -> list[tuple[datetime, Conditions]]:
    """Return the conditions of policies, with the changes of a variant. Raises `Invalid` if they do not go together."""
    changes = variant.changes if variant else {}
    made = []
    for at, policy in found:
        values = {name: getattr(policy, name) for name in (*TRIED, "version", "intake")}
        conditions = conditions_of(Policy(**{**values, **changes}))
        if conditions.rules.cap_least_s > conditions.rules.cap_s:
            raise Invalid("invalid", "The least cap is at most the greatest.", "cap_least_s")
        made.append((at, conditions))
    return made


TRIED = ("offer_ttl_s", "patience_s", "radii_m", *policies.RULES)  # fields of a policy that a variant may change


def read_variants(path: Path) -> list[Variant]:
    """Read variants from a TOML file: a table for each, with the fields of a policy and `partners`.

    Raises `Invalid` with the table and the key, `OSError`.
    """
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid("invalid", f"{path.name} is not TOML: {error}") from None
    if not tables or not all(isinstance(table, dict) for table in tables.values()):
        raise Invalid("invalid", f"{path.name} needs a table for each set of rules, for example [wider].")
    return [_variant(name, table) for name, table in tables.items()]


def _variant(name: str, table: Mapping[str, Any]) -> Variant:
    for key, value in table.items():
        problem = problem_of(key, value)
        if problem:
            raise Invalid("invalid", f"{name}.{key}: {problem}", key)
    return Variant(name, {key: value for key, value in table.items() if key != "partners"}, table.get("partners", 1.0))


def problem_of(key: str, value: Any) -> str:
    """Return a sentence that says what is wrong with a key of a variant; empty if nothing is."""
    if key == "radii_m":
        try:
            check_radii(value)
        except ValidationError as error:
            return " ".join(error.messages)
        return ""
    if key == "cap_lone":
        return "" if isinstance(value, bool) else "Give true or false."
    least, most = (0.0, TIMES_MAX) if key == "partners" else LIMITS.get(key, (0.0, -1.0))
    if least > most:
        return f"This is nothing that can be tried; these can: {', '.join((*TRIED, 'partners'))}."
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if number and least <= value <= most else f"Give a number from {least:g} to {most:g}."


def check_changes(region: Region, changes: Mapping[str, Any], *, now: datetime) -> None:
    """Raise `Invalid`, with the field, unless these values of a policy can be tried in a region."""
    for name, value in changes.items():
        if problem := problem_of(name, value):
            raise Invalid("invalid", problem, name)
    in_force([(now, policy_of(region.pk))], Variant("", changes))
