"""The open alerts, by region, as the staff page lists them."""

import json
from collections import defaultdict
from typing import Any

from alerts.models import Alert
from alerts.rules import BY_NAME
from alerts.states import OPEN
from core import valkey
from ops.live.counts import NOWHERE

ALERTS = "alerts"
KEY, KEPT_S = "staff:live:alerts", 10
SHOWN_MAX = 100  # the newest

Alerts = dict[str, list[dict[str, Any]]]  # by the region's slug; those of the whole system under `NOWHERE`


def open_alerts() -> Alerts:
    """Read the alerts that are not over, the newest first."""
    found: Alerts = defaultdict(list)
    for alert in Alert.objects.filter(status__in=OPEN).select_related("region").order_by("-fired_at")[:SHOWN_MAX]:
        rule = BY_NAME.get(alert.rule)
        found[alert.region.slug if alert.region else NOWHERE].append(
            {
                "alertId": str(alert.pk),
                "rule": alert.rule,
                "scope": alert.scope,
                "summary": rule.summary if rule else "",
                "severity": alert.severity,
                "status": alert.status,
                "firedAt": round(1000 * alert.fired_at.timestamp()),
            }
        )
    return dict(found)


def keep_alerts(alerts: Alerts) -> None:
    """Store the alerts for pages that open. Raises `valkey.Unreachable`."""
    valkey.client().set(KEY, json.dumps(alerts), ex=KEPT_S)


def latest_alerts() -> Alerts:
    """Return the alerts that were stored last; read them if none were within `KEPT_S`."""
    try:
        kept = valkey.client().get(KEY)
    except valkey.Unreachable:
        kept = None
    alerts: Alerts = json.loads(kept) if kept else open_alerts()
    return alerts
