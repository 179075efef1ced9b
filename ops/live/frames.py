"""The frames of the staff page, each of one region or of none, and all of it together for a page that opens.

A region's frames name it right after their type, so that a socket can tell by a frame's first characters whether its
account may see it.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from core import clock, valkey
from notifications.events import Message, everyone
from ops.gauges import ANY_REGION
from ops.live.alerts import ALERTS, Alerts, latest_alerts
from ops.live.counts import Counts, latest_counts, total
from ops.live.health import QUEUE, Health
from ops.live.marks import MAP, kept_maps
from ops.live.minutes import FIGURES, Minutes, kept_minutes
from ops.live.seeing import kinds_hidden_from, slugs_seen_by
from regions.models import Region

HEALTH_KEY, HEALTH_KEPT_S = "staff:live:health", 10
STAFF = everyone("staff")


def tick(at: datetime, counted_at: datetime | None) -> Message:
    """The frame of each second: its time, and when the database was counted last, in milliseconds."""
    return STAFF, "tick", {"at": _ms(at), "countedAt": None if counted_at is None else _ms(counted_at)}


def counts_frames(counts: Mapping[str, Counts]) -> Iterable[Message]:
    """A frame with the counts of each region."""
    for slug, each in counts.items():
        yield STAFF, "now", {"region": slug, "counts": each}


def minutes_frames(minutes: Minutes) -> Iterable[Message]:
    """Two frames with these minutes of each region: how often things happened, and the revenue."""
    figures, revenue = _by_region(minutes)
    for kind, regions in (("minutes", figures), ("revenue", revenue)):
        for slug, each in regions.items():
            yield STAFF, kind, {"region": slug, "minutes": each}


def alerts_frames(alerts: Alerts, slugs: Iterable[str]) -> Iterable[Message]:
    """A frame with the open alerts of each of these regions."""
    for slug in slugs:
        yield STAFF, ALERTS, {"region": slug, "alerts": alerts.get(slug, [])}


def map_frames(changes: Mapping[str, dict[str, Any]]) -> Iterable[Message]:
    """A frame with the change of each region's map."""
    for slug, change in changes.items():
        yield STAFF, MAP, {"region": slug, **change}


def maps(user: User) -> dict[str, Any]:
    """The snapshots of the maps that this member of staff may see, by the region's slug."""
    slugs = slugs_seen_by(user)
    active = Region.objects.filter(active=True).order_by("slug").values_list("slug", flat=True)
    if MAP in kinds_hidden_from(user):
        return {}
    return kept_maps(slug for slug in active if slugs is None or slug in slugs)


def health_frame(health: Health) -> Message:
    """The frame with the health of every part."""
    return STAFF, "health", {"parts": health}


def parts_seen_by(health: Health, slugs: Collection[str] | None) -> Health:
    """The health without the queues of regions that are not among these; None stands for every region."""
    if slugs is None:
        return health
    seen = {QUEUE + slug for slug in (ANY_REGION, *slugs)}
    return {part: state for part, state in health.items() if not part.startswith(QUEUE) or part in seen}


def health_seen(text: str, slugs: Collection[str]) -> str:
    """The text of a health frame for a page of these regions alone."""
    frame = json.loads(text)
    frame["parts"] = parts_seen_by(frame["parts"], slugs)
    return json.dumps(frame, separators=(",", ":"))


def keep_health(health: Health) -> None:
    """Store the health for pages that open. Raises `valkey.Unreachable`."""
    valkey.client().set(HEALTH_KEY, json.dumps(health), ex=HEALTH_KEPT_S)


def whole(user: User) -> dict[str, Any]:
    """All that the page shows of the regions of this member of staff: `counts` summed, and `live` by region."""
    slugs, hidden, now = slugs_seen_by(user), kinds_hidden_from(user), clock.now()

    def seen(by_region: Mapping[str, Any]) -> dict[str, Any]:
        """Return the part of the regions of this member of staff."""
        return {slug: each for slug, each in by_region.items() if slugs is None or slug in slugs}

    counts = seen(latest_counts())
    figures, revenue = _by_region(kept_minutes(now))
    live = {
        "at": _ms(now),
        "countedAt": None,  # the next tick says it
        "now": counts,
        "alerts": {} if ALERTS in hidden else seen(latest_alerts()),
        "minutes": seen(figures),
        "revenue": {} if "revenue" in hidden else seen(revenue),
        "health": parts_seen_by(_latest_health(), slugs),
    }
    return {"counts": total(counts), "live": live}


def _latest_health() -> Health:
    try:
        kept = valkey.client().get(HEALTH_KEY)
    except valkey.Unreachable:
        return {}
    health: Health = json.loads(kept) if kept else {}
    return health


def _by_region(minutes: Minutes) -> tuple[dict[str, dict[int, list[int]]], dict[str, dict[int, dict[str, int]]]]:
    """The figures in the order of `FIGURES`, and the revenue by currency: both by the region's slug and the minute."""
    figures: dict[str, dict[int, list[int]]] = {}
    revenue: dict[str, dict[int, dict[str, int]]] = {}
    for minute, regions in minutes.items():
        for slug, each in regions.items():
            figures.setdefault(slug, {})[minute] = [each[name] for name in FIGURES]
            revenue.setdefault(slug, {})[minute] = each["revenue"]
    return figures, revenue


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
