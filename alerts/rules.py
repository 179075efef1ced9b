"""The alert rules: the one place where they are written.

The sweep evaluates them, and `manage.py alert_rules` writes them for Prometheus (`deploy/prometheus/rules.yml`). Each
has a section in docs/run/alerts.md.
"""

from dataclasses import dataclass

from alerts.expressions import Above, Below, Expression, Grew, Share, series
from alerts.states import Severity

RUNBOOK = "docs/run/alerts.md"


@dataclass(frozen=True, slots=True)
class Rule:
    """An expression that is to hold for `for_s` seconds before the rule fires."""

    name: str
    severity: Severity
    expression: Expression
    for_s: int
    summary: str
    # Whether the sweep evaluates it, too. It can't tell that it is away itself, or that no row can be written.
    inside: bool = True

    @property
    def runbook(self) -> str:
        """The section for the person who is called."""
        return f"{RUNBOOK}#{self.name.lower()}"


PAGE, WARN = Severity.PAGE, Severity.WARN
REQUESTS, OFFERS, ATTEMPTS = "cheerrequest", "offer", "attempt"

RULES: tuple[Rule, ...] = (
    Rule(
        "RequestsWithoutPartners",
        PAGE,
        Above(series("requests_without_partners"), 0, by="region"),
        10,
        "Requests wait in a region where no partner is at work.",
    ),
    Rule(
        "RequestsWait",
        WARN,
        Above(series("oldest_pending_seconds"), 480, by="region"),
        10,
        "A request has waited for most of the time after which it is given up.",
    ),
    Rule(
        "RequestsDie",
        PAGE,
        Share(
            series("transitions_total", of=REQUESTS, to="no_match"),
            series("transitions_total", of=REQUESTS, to=("no_match", "accepted")),
            limit=0.3,
            minutes=10,
            least=10,
        ),
        0,
        "Many requests become dead letters instead of rides.",
    ),
    Rule(
        "OffersLapse",
        WARN,
        Share(
            series("transitions_total", of=OFFERS, to="expired"),
            series("transitions_total", of=OFFERS, to=("expired", "declined", "accepted")),
            limit=0.6,
            minutes=15,
            least=20,
        ),
        0,
        "Most offers lapse without an answer: they may not reach the partners.",
    ),
    Rule(
        "NoWorker",
        PAGE,
        Below(series("processes", kind="worker"), 1),
        10,
        "No worker runs: nothing is matched, collected, mailed or pushed.",
    ),
    Rule(
        "TasksWait",
        PAGE,
        Above(series("oldest_task_seconds"), 15, by="region"),
        10,
        "A task has waited for a worker for too long.",
    ),
    Rule(
        "WorkOverdue",
        WARN,
        Above(series("overdue_seconds"), 60, by="what"),
        10,
        "A mail, a push or a step of a payment is due, and no worker has taken it.",
    ),
    Rule(
        "TasksFail",
        WARN,
        Share(series("task_seconds_count", state="failure"), series("task_seconds_count"), 0.1, minutes=5, least=20),
        0,
        "More than a tenth of the tasks fail.",
    ),
    Rule(
        "CallsFail",
        PAGE,
        Share(series("call_seconds_count", status="5xx"), series("call_seconds_count"), 0.05, minutes=5, least=20),
        0,
        "More than 5% of the calls fail on our side.",
    ),
    Rule(
        "PassesFail",
        WARN,
        Grew(series("pass_seconds_count", outcome="failed"), 5, minutes=5, by="pass"),
        0,
        "A pass of the sweep fails again and again.",
    ),
    Rule(
        "MailsFail",
        WARN,
        Share(
            series("delivery_seconds_count", channel="mail", outcome="failed"),
            series("delivery_seconds_count", channel="mail"),
            limit=0.5,
            minutes=10,
            least=3,
        ),
        0,
        "The mail server takes few of our mails.",
    ),
    Rule(
        "PushesFail",
        WARN,
        Share(
            series("delivery_seconds_count", channel="push", outcome="failed"),
            series("delivery_seconds_count", channel="push"),
            limit=0.5,
            minutes=10,
            least=10,
        ),
        0,
        "Push services take few of our pushes.",
    ),
    Rule(
        "PaymentsFail",
        WARN,
        Share(
            series("transitions_total", of=ATTEMPTS, to="declined"),
            series("transitions_total", of=ATTEMPTS, to=("declined", "succeeded")),
            limit=0.5,
            minutes=15,
            least=10,
        ),
        0,
        "Most cards are declined.",
    ),
    Rule(
        "ForecastDrifts",
        WARN,
        Above(series("forecast_error_ratio"), 1.3, by="region"),
        10,
        "Demand is not what the forecast expects: it misses more than it should.",
    ),
    Rule(
        "ValkeyAway",
        PAGE,
        Below(series("valkey_up"), 1),
        10,
        "Valkey does not answer: no pushes to sockets, no positions, no tasks.",
    ),
    Rule(
        "SweepAway",
        PAGE,
        Below(series("sweep_alive"), 1),
        10,
        "No sweep runs: no deadline is kept.",
        inside=False,
    ),
    Rule(
        "CountsOld",
        PAGE,
        Above(series("counts_age_seconds"), 20),
        5,
        "No sweep could count rows: the database does not answer, or no sweep runs.",
        inside=False,
    ),
)
BY_NAME = {rule.name: rule for rule in RULES}
