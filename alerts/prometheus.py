"""The rules as a file for Prometheus."""

import json

from alerts.rules import RULES

HEAD = "# Written by `manage.py alert_rules` from alerts/rules.py; a test compares the two.\n"


def rules_file() -> str:
    """Return the text of `deploy/prometheus/rules.yml`."""
    lines = [HEAD + "groups:", "  - name: speedycheers", "    interval: 5s", "    rules:"]
    for rule in RULES:
        lines += [
            f"      - alert: {rule.name}",
            f"        expr: {json.dumps(rule.expression.promql)}",
            f"        for: {rule.for_s}s",
            f"        labels: {{ severity: {rule.severity.value} }}",
            "        annotations:",
            f"          summary: {json.dumps(rule.summary)}",
            f"          runbook: {json.dumps(rule.runbook)}",
        ]
    return "\n".join(lines) + "\n"
