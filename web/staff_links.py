"""What the staff page counts, and from the counts into the admin's lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from accounts.states import Application
from payments.states import UNPAID
from requests_app.states import RequestStatus


@dataclass(frozen=True, slots=True)
class Card:
    """A count that wants somebody's attention when it isn't zero."""

    key: str
    label: str
    hint: str
    count: int
    url: str


# Paths into the counts, as the page's script follows them, and what each means.
UNDER_WAY = [
    ("requests.pending", "looking for a partner"),
    ("requests.offered", "offered"),
    ("rides.en_route", "partners on the way"),
    ("rides.in_progress", "sessions running"),
    ("partners.available", "partners free"),
    ("completedLastDay", "sessions in 24 hours"),
]


def staff_cards(counts: Mapping[str, Any]) -> list[Card]:
    """What waits for staff, each with the list to work through."""
    no_match = {"status__exact": RequestStatus.NO_MATCH.value}
    applied = {"application__exact": Application.APPLIED.value}
    unpaid = {"status__in": ",".join(status.value for status in UNPAID)}
    return [
        Card(
            "deadLetters",
            "Dead letters",
            "Requests that nobody took",
            counts["deadLetters"],
            changelist("requests_app_cheerrequest", no_match),
        ),
        Card(
            "applications",
            "Applications",
            "Partners waiting for approval",
            counts["applications"],
            changelist("accounts_partner", applied),
        ),
        Card(
            "unpaid",
            "Unpaid",
            "Payments not settled yet",
            counts["unpaid"],
            changelist("payments_payment", unpaid),
        ),
    ]


def changelist(model: str, query: Mapping[str, str]) -> str:
    """The admin's list of a model, filtered; the admin's front page where it has no such list."""
    try:
        return f"{reverse(f'admin:{model}_changelist')}?{urlencode(query)}"
    except NoReverseMatch:
        return reverse("admin:index")
