"""The rules over the metrics of a real half hour, in which all was well, and of its end, when the partners had gone.

`half_hour.json.gz` was recorded by `python -m drill --suite alerts` (docs/failures.md).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts import evaluating
from alerts.evaluating import HISTORY, Evaluator
from alerts.expressions import Above, series
from alerts.models import Alert
from alerts.rules import RULES, Rule
from alerts.states import Severity
from core import valkey
from drill.recording import Recording

HALF_HOUR_S = 30 * 60
WITHIN_S = 30
BEGIN = datetime(2026, 5, 1, 22, tzinfo=UTC)
STRANDED = "RequestsWithoutPartners"


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return Recording.read(Path(__file__).with_name("half_hour.json.gz"))


def fired(recording: Recording) -> list[tuple[float, str]]:
    """When the sweep would have opened alerts, and of which rules."""
    valkey.client().delete(HISTORY)
    evaluator, told = Evaluator(), []
    for at_s, samples in zip(recording.at_s, recording.samples, strict=True):
        now = BEGIN + timedelta(seconds=at_s)
        evaluator.look(samples, regions={}, now=now)
        told += [(at_s, alert.rule) for alert in Alert.objects.filter(fired_at=now)]
    return told


def test_people_were_served_for_half_an_hour(recorded: Recording) -> None:
    done = series("transitions_total", of="cheerrequest", to="completed").of(recorded.healthy().samples[-1])
    assert recorded.stranded_at_s > HALF_HOUR_S
    assert sum(each.value for each in done) > 40


@pytest.mark.django_db
def test_no_alert_while_all_is_well_and_one_within_thirty_seconds_of_the_last_partner(recorded: Recording) -> None:
    ((at_s, name),) = fired(recorded)
    assert name == STRANDED
    assert 0 < at_s - recorded.stranded_at_s < WITHIN_S


@pytest.mark.django_db
def test_a_rule_that_is_too_tight_would_be_seen(recorded: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = Rule("Tight", Severity.WARN, Above(series("overdue_seconds"), 1, by="what"), 0, "Something is late.")
    monkeypatch.setattr(evaluating, "RULES", (tight,))
    assert [name for _, name in fired(recorded.healthy())]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_had_its_metrics(recorded: Recording, rule: Rule) -> None:
    *_, (_, last) = recorded.healthy().found(rule.expression)
    assert last is not None, "record again: this rule names a metric that there was not"


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.inside], ids=lambda rule: rule.name)
def test_what_only_prometheus_evaluates_was_silent(recorded: Recording, rule: Rule) -> None:
    assert not any(found for _, found in recorded.healthy().found(rule.expression))


def test_a_recording_is_read_as_it_was_written(recorded: Recording, tmp_path: Path) -> None:
    recorded.write(tmp_path / "again.json.gz")
    again = Recording.read(tmp_path / "again.json.gz")
    assert (again.at_s, again.samples, again.stranded_at_s) == (recorded.at_s, recorded.samples, recorded.stranded_at_s)
