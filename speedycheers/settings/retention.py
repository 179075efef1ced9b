"""How many days rows are kept; `ops/retention.py` says it for every table."""

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import env


def _days(name: str, default: int) -> int:
    days: int = env.int(name, default=default)
    if days < 1:
        raise ImproperlyConfigured(f"{name} takes days, at least 1.")
    return days


# Events, which sockets that were away catch up with; one further behind starts from the present state.
EVENTS_KEPT_DAYS = _days("EVENTS_KEPT_DAYS", 3)
# The places of requests that are over are then rounded to about a kilometre, and their words deleted.
PLACES_KEPT_DAYS = _days("PLACES_KEPT_DAYS", 90)
# Why requests were offered to whom, and the looks of the matcher that made no offer.
DECISIONS_KEPT_DAYS = _days("DECISIONS_KEPT_DAYS", 30)
# What user and partner have written to each other.
MESSAGES_KEPT_DAYS = _days("MESSAGES_KEPT_DAYS", 90)
# Digests of cards, devices, addresses and phones, since they were seen last.
TRACES_KEPT_DAYS = _days("TRACES_KEPT_DAYS", 180)
# Advice to partners where to wait, and what became of it.
ADVICE_KEPT_DAYS = _days("ADVICE_KEPT_DAYS", 30)
# Where partners were, in thinned points.
TRAIL_KEPT_DAYS = _days("TRAIL_KEPT_DAYS", 14)
# Network addresses from which an account has signed in, since the last time.
KNOWN_ADDRESSES_KEPT_DAYS = _days("KNOWN_ADDRESSES_KEPT_DAYS", 90)
ALERTS_KEPT_DAYS = _days("ALERTS_KEPT_DAYS", 90)
# Failed deliveries that have recovered, were given up, or were closed by staff.
FAILURES_KEPT_DAYS = _days("FAILURES_KEPT_DAYS", 30)
# Files with the data of an account, which its owner has asked for.
EXPORTS_KEPT_DAYS = _days("EXPORTS_KEPT_DAYS", 7)
# The body of a webhook event, then the record that it has arrived. The provider sends none again after 30 days.
PROVIDER_EVENTS_KEPT_DAYS = _days("PROVIDER_EVENTS_KEPT_DAYS", 30)
PROVIDER_EVENT_IDS_KEPT_DAYS = _days("PROVIDER_EVENT_IDS_KEPT_DAYS", 90)
if max(30, PROVIDER_EVENTS_KEPT_DAYS) > PROVIDER_EVENT_IDS_KEPT_DAYS:
    raise ImproperlyConfigured("PROVIDER_EVENT_IDS_KEPT_DAYS is at least 30, and at least PROVIDER_EVENTS_KEPT_DAYS.")
