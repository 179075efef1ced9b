"""Scenes that the tests of the staff API share."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import dead_letters
from requests_app.models import CheerRequest
from tests.cast import EMPIRE_STATE, Place, client_of, fresh, make_clerk, make_user, queue
from tests.other_regions import limited_to

VIEWER = (
    "accounts.view_partner",
    "payments.view_payment",
    "requests_app.view_cheerrequest",
    "requests_app.view_offer",
    "rides.view_ride",
)
DISPATCHER = (*VIEWER, "requests_app.change_cheerrequest", "accounts.change_partner")


def make_desk(*regions: Region, rights: tuple[str, ...] = DISPATCHER) -> tuple[User, APIClient]:
    """A member of staff with these rights, limited to these regions if any are given, and their calls."""
    clerk = make_clerk(f"Clerk {User.objects.count()}", *rights)
    if regions:
        clerk = limited_to(clerk, *regions)
    return clerk, client_of(clerk)


def desk_api(*regions: Region, rights: tuple[str, ...] = DISPATCHER) -> APIClient:
    """The calls of such a member of staff."""
    return make_desk(*regions, rights=rights)[1]


def dead(name: str, *, at: Place = EMPIRE_STATE, ago: timedelta = timedelta(hours=1)) -> CheerRequest:
    """A dead letter of a new user, of this age."""
    forget_regions()
    request = queue(make_user(name), at=at, now=timezone.now() - ago)
    assert dead_letters.dead_letter(request.pk, now=timezone.now())
    return fresh(request)  # type: ignore[no-any-return]


def ids(response: Any, key: str) -> list[str]:
    """The ids of the rows in a page."""
    assert response.status_code == 200, response.content
    return [row[key] for row in response.json()["results"]]


def pks(*rows: Any) -> list[str]:
    """The ids of rows, as texts."""
    return [str(row.pk) for row in rows]
