"""Evaluates the rules over samples, and opens and resolves alerts."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alerts import services
from alerts.expressions import Earlier, Found, Sample, Samples
from alerts.models import Alert
from alerts.rules import RULES, Rule
from alerts.states import OPEN
from core import valkey

log = logging.getLogger(__name__)

HISTORY = "metrics:history"  # samples of counters, by time
HISTORY_S = 1000  # a little more than the longest window
NEEDED = frozenset(name for rule in RULES for name in rule.expression.counters)


class Evaluator:
    """Evaluates the rules again and again. It remembers since when conditions hold that have not held long enough."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], datetime] = {}

    def look(self, samples: Samples, *, regions: Mapping[str, Any], now: datetime) -> None:
        """Open an alert for each condition that has held long enough, and resolve those whose condition does not hold.

        What can't be known, because its metric is missing, changes nothing. `regions` has their keys by slug.
        """
        open_now: dict[tuple[str, str], Alert] = {
            (alert.rule, alert.scope): alert for alert in Alert.objects.filter(status__in=OPEN)
        }
        earlier = _history(samples, now)
        for rule in RULES:
            found = rule.expression.found(samples, earlier) if rule.inside else None
            if found is not None:
                self._judge(rule, found, open_now, regions=regions, now=now)

    def _judge(
        self,
        rule: Rule,
        found: Found,
        open_now: Mapping[tuple[str, str], Alert],
        *,
        regions: Mapping[str, Any],
        now: datetime,
    ) -> None:
        for scope, value in found.items():
            since = self._since.setdefault((rule.name, scope), now)
            if (rule.name, scope) not in open_now and (now - since).total_seconds() >= rule.for_s:
                region_id = regions.get(scope) if rule.expression.by == "region" else None
                if services.fire(rule, scope, value, region_id=region_id, now=now):
                    log.warning("alert %s fires", rule.name)
        for key in [key for key in self._since if key[0] == rule.name and key[1] not in found]:
            del self._since[key]
        for (name, scope), alert in open_now.items():
            if name == rule.name and scope not in found:
                services.resolve(alert, now=now)


def _history(samples: Samples, now: datetime) -> Earlier:
    """Keep the samples of counters in Valkey, where all sweeps have them, and return how to look back."""
    at = now.timestamp()
    kept = {name: samples[name] for name in sorted(NEEDED) if name in samples}
    try:
        pipe = valkey.client().pipeline(transaction=False)
        if kept:
            pipe.zadd(HISTORY, {json.dumps([at, kept]): at})
        pipe.zremrangebyscore(HISTORY, "-inf", at - HISTORY_S)
        pipe.zremrangebyscore(HISTORY, f"({at}", "+inf")  # written before a clock was set back
        pipe.expire(HISTORY, HISTORY_S)
        pipe.execute()
    except valkey.Unreachable:
        return lambda seconds: None
    return lambda seconds: _kept_since(at - seconds)


def _kept_since(at: float) -> Samples | None:
    """Return the first samples that were kept from a moment on."""
    try:
        found: Any = valkey.client().zrangebyscore(HISTORY, at, "+inf", start=0, num=1)
    except valkey.Unreachable:
        return None
    if not found:
        return None
    _, kept = json.loads(found[0])
    return {name: [Sample(labels, value) for labels, value in series] for name, series in kept.items()}
