"""The judgement of the drill of alerts: it must see an alert, and what came close to one."""

from alerts.expressions import Sample
from alerts.rules import BY_NAME
from drill.alerting import line_of, within
from drill.recording import Recording

WAIT, OLD = BY_NAME["RequestsWait"], BY_NAME["CountsOld"]


def recorded(*waits: float) -> Recording:
    """A recording of requests that have waited for so long."""
    found = Recording()
    for number, wait_s in enumerate(waits):
        found.add(number * 5.0, {"oldest_pending_seconds": [Sample({"region": "nyc"}, wait_s)]})
    return found


def test_a_rule_that_fired_is_a_failure() -> None:
    assert line_of(WAIT, recorded(3, 9, 4), set()).kept
    assert not line_of(WAIT, recorded(3, 9, 4), {"RequestsWait"}).kept


def test_what_came_closest_is_told() -> None:
    assert line_of(WAIT, recorded(3, 9, 4), set()).value == "9 / 480"
    assert line_of(OLD, recorded(3), set()).value == "not known"


def test_a_rule_of_prometheus_is_judged_here() -> None:
    found = Recording()
    found.add(0.0, {"counts_age_seconds": [Sample({}, 21)]})
    assert not line_of(OLD, found, set()).kept


def test_the_looks_before_the_request_was_stranded_are_healthy() -> None:
    found = recorded(0, 0, 700)
    found.stranded_at_s = 10.0
    assert found.healthy().at_s == [0.0, 5.0]


def test_an_alert_that_never_fires_is_a_failure() -> None:
    assert not within("fired after", None).kept
    assert within("fired after", 12.0).value == "12.0 s"
