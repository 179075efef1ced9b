"""The alert rules: each fires within 30 s of its condition, by Prometheus and by the sweep, and none while all is well.

Both evaluate the cases of `deploy/prometheus/rules_test.yml`.
"""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from alerts.evaluating import HISTORY, Evaluator
from alerts.expressions import Sample, Samples
from alerts.models import Alert
from alerts.rules import BY_NAME, RULES
from alerts.states import AlertStatus
from core import metrics, valkey
from ops.gauges import GAUGES

BASE = Path(settings.BASE_DIR)
FOLDER = BASE / "deploy" / "prometheus"
ACCEPTED = FOLDER / "accepted.sha256"
PROMTOOL = shutil.which("promtool")
CASES: dict[str, Any] = {
    case["name"]: case for case in yaml.safe_load((FOLDER / "rules_test.yml").read_text())["tests"]
}
HEALTHY = "a healthy half hour"
STEP_S = 5
WITHIN_S = 30
BEGIN = datetime(2026, 5, 1, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_history() -> Iterator[None]:
    valkey.client().delete(HISTORY)
    yield
    valkey.client().delete(HISTORY)


def test_the_file_for_prometheus_is_that_of_the_rules() -> None:
    out = StringIO()
    call_command("alert_rules", stdout=out)
    assert (FOLDER / "rules.yml").read_text() == out.getvalue(), (
        "run: manage.py alert_rules > deploy/prometheus/rules.yml"
    )
    written = yaml.safe_load(out.getvalue())["groups"][0]["rules"]
    assert [each["alert"] for each in written] == [rule.name for rule in RULES]


def test_prometheus_has_evaluated_the_cases() -> None:
    """`accepted.sha256` says of which files promtool was content, for machines that don't have it."""
    accepted = [line.split() for line in ACCEPTED.read_text().splitlines() if not line.startswith("#")]
    assert [name for _, name in accepted] == ["rules.yml", "rules_test.yml"]
    changed = [name for digest, name in accepted if hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() != digest]
    assert changed == [], f"ask promtool, then write {ACCEPTED.name}"


@pytest.mark.skipif(
    PROMTOOL is None, reason="without promtool, the test above says that it was content with these files"
)
def test_prometheus_evaluates_the_cases() -> None:
    for command in (["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run(
            [str(PROMTOOL), *command], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_has_a_case_and_a_runbook() -> None:
    assert sorted(CASES) == sorted([HEALTHY, *BY_NAME])
    assert {each["alertname"] for each in CASES[HEALTHY]["alert_rule_test"]} == set(BY_NAME)
    headings = re.findall(r"^## (\w+)$", (BASE / "docs" / "run" / "alerts.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(BY_NAME)


# ---------------------------------------------------------------- by the sweep


def seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


def values(notation: str) -> list[float]:
    """The values of promtool's notation: `1+2x3` is 1, 3, 5, 7."""
    found: list[float] = []
    for part in notation.split():
        start, step, times = map(float, re.fullmatch(r"([\d.]+)\+([\d.]+)x(\d+)", part).groups())
        found += [start + step * number for number in range(int(times) + 1)]
    return found


def labelled(series: str) -> tuple[str, dict[str, str]]:
    name, _, rest = series.removeprefix("speedycheers_").partition("{")
    return name, dict(re.findall(r'(\w+)="([^"]*)"', rest))


def samples_at(case: dict[str, Any], step: int) -> Samples:
    found: dict[str, list[Sample]] = {}
    for series in case["input_series"]:
        name, labels = labelled(series["series"])
        all_ = values(series["values"])
        if step < len(all_):
            found.setdefault(name, []).append(Sample(labels, all_[step]))
    return found


def replay(case: dict[str, Any]) -> None:
    """Have the sweep evaluate a case until the time at which Prometheus is asked."""
    evaluator = Evaluator()
    for step in range(seconds(case["alert_rule_test"][0]["eval_time"]) // STEP_S + 1):
        now = BEGIN + timedelta(seconds=step * STEP_S)
        evaluator.look(samples_at(case, step), regions={}, now=now)


def holds_at(name: str, step: int) -> bool:
    """Whether the condition of a rule holds at a step of its case."""

    def earlier(seconds_ago: float) -> Samples:
        return samples_at(CASES[name], max(0, step - int(seconds_ago) // STEP_S))

    return bool(BY_NAME[name].expression.found(samples_at(CASES[name], step), earlier))


@pytest.mark.parametrize("name", list(BY_NAME))
def test_a_case_is_asked_within_thirty_seconds_of_the_condition(name: str) -> None:
    """So the tests of the cases show that the rule fires by then."""
    asked = seconds(CASES[name]["alert_rule_test"][0]["eval_time"]) // STEP_S
    found = [step for step in range(asked + 1) if holds_at(name, step)]
    assert found[0] > 0, "the condition does not hold from the begin"
    assert (asked - found[0]) * STEP_S <= WITHIN_S


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name, rule in BY_NAME.items() if rule.inside])
def test_the_sweep_finds_what_prometheus_finds(name: str) -> None:
    replay(CASES[name])
    (expected,) = CASES[name]["alert_rule_test"][0]["exp_alerts"]
    by = BY_NAME[name].expression.by
    alert = Alert.objects.get(rule=name)
    assert (alert.status, alert.scope) == (AlertStatus.FIRING, expected["exp_labels"].get(by, ""))


@pytest.mark.django_db
def test_the_sweep_is_silent_in_a_healthy_half_hour() -> None:
    replay(CASES[HEALTHY])
    assert list(Alert.objects.all()) == []


@pytest.mark.django_db
def test_the_sweep_leaves_to_prometheus_what_it_cant_tell_itself() -> None:
    for name in ("SweepAway", "CountsOld"):
        replay(CASES[name])
    assert list(Alert.objects.all()) == []


# ---------------------------------------------------------------- the metrics that are named


def known() -> dict[str, set[str]]:
    """The labels of every metric, by its name for Prometheus."""
    found = {name: set(labels) for name, (labels, _) in GAUGES.items()} | {"valkey_up": set()}
    for each in metrics.declared():
        if isinstance(each, metrics.Counter):
            found[f"{each.name}_total"] = set(each.labels)
        else:
            found[f"{each.name}_count"] = set(each.labels)
            found[f"{each.name}_bucket"] = {*each.labels, "le"}
    return found


def test_rules_name_metrics_and_labels_that_exist() -> None:
    for rule in RULES:
        for name, labels in re.findall(r"speedycheers_(\w+)(?:\{([^}]*)\})?", rule.expression.promql):
            assert set(re.findall(r"(\w+)=", labels)) <= known()[name], rule.name


def test_the_dashboard_names_metrics_that_exist() -> None:
    panels = json.loads((BASE / "deploy" / "grafana" / "speedycheers.json").read_text())["panels"]
    named = [
        name
        for panel, number in product(panels, range(2))
        for target in panel["targets"][number : number + 1]
        for name in re.findall(r"speedycheers_(\w+)", target["expr"])
    ]
    assert len(named) >= len(panels) - 1
    assert set(named) <= set(known())
