"""The cast: who acts in the tests, where, and what they do.

Rows come from the services only, so that no test starts from a state that the program can't reach.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from math import pi
from threading import Thread
from typing import Any
from unittest.mock import patch

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.db import connections
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts.applications import apply_as_partner, decide_application
from accounts.locations import current_location
from accounts.models import Partner, Role, User
from accounts.position_reports import report_position
from accounts.sign_in import sign_up
from accounts.states import Application
from core import valkey
from positions import Position, layout
from regions.geometry import EARTH_RADIUS_M, distance_m
from regions.models import Region
from regions.selectors import present_terms
from requests_app import offers, services
from requests_app.matching.batch import match_batch
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.serving import arrival, availability, fulfilment
from requests_app.states import OfferStatus
from rides.models import Ride
from tests.rows import OUR_APPS, models_of, rows_unchanged

PASSWORD = "hip-hip-hooray-42"
Place = tuple[float, float]  # (lat, lng)
EMPIRE_STATE: Place = (40.7484, -73.9857)
NEARBY_M = 250  # a step that nothing makes implausible
LONDON: Place = (51.5072, -0.1276)  # served by nobody
METRES_PER_DEGREE = EARTH_RADIUS_M * pi / 180


def north(metres: float, of: Place = EMPIRE_STATE) -> Place:
    """The place so many metres north of another."""
    return of[0] + metres / METRES_PER_DEGREE, of[1]


def at(place: Place) -> dict[str, float]:
    """A place as the API writes it."""
    return {"lat": place[0], "lng": place[1]}


# ---------------------------------------------------------------- what people do


def make_user(name: str) -> User:
    """A user `<name>@cast.test`."""
    return sign_up(email=f"{name.lower().replace(' ', '.')}@cast.test", password=PASSWORD, name=name)


def make_staff(name: str) -> User:
    """A superuser with a second factor."""
    staff = User.objects.create_superuser(f"{name.lower()}@cast.test", PASSWORD, name=name)
    return with_factor(staff)


def with_factor(user: User, secret: str = "") -> User:
    """The account, which has an authenticator app now."""
    TOTP.activate(user, secret or generate_totp_secret())
    return user


def make_clerk(name: str, *rights: str) -> User:
    """A member of staff with a second factor, these rights (`app.codename`) and no others."""
    clerk = User.objects.create_user(
        f"{name.lower().replace(' ', '.')}@cast.test", PASSWORD, name=name, role=Role.STAFF, is_staff=True
    )
    clerk.user_permissions.set([right_of(right) for right in rights])
    return with_factor(clerk)


def right_of(name: str) -> Permission:
    """The right of this name, `app.codename`."""
    app, _, codename = name.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def make_applicant(name: str, *, type: str = "cheerleader", phone: str = "+1 212 555 0100") -> Partner:
    """A partner who awaits approval."""
    return apply_as_partner(make_user(name), name=name, type=type, phone=phone, now=timezone.now())


def make_partner(
    name: str, *, at: Place | None = EMPIRE_STATE, online: bool = True, type: str = "cheerleader"
) -> Partner:
    """An approved partner, at a place and online unless told otherwise."""
    partner = make_applicant(name, type=type)
    decide_application(partner, Application.APPROVED, actor=None, now=timezone.now())
    if at is not None:
        report(partner, at)
    if online:
        availability.go_online(partner, now=timezone.now())
    return fresh(partner)


def report(partner: Partner, place: Place, *, recorded_at: datetime | None = None) -> None:
    """A partner reports a position. If it is far from their last one, they have travelled meanwhile."""
    now, whom = timezone.now(), fresh(partner)
    if recorded_at is None and (last := current_location(whom)) and distance_m(last.lat, last.lng, *place) > NEARBY_M:
        travelled(whom)
    report_position(whom, Position(*place, recorded_at or now), now=now)


def travelled(partner: Partner) -> None:
    """A partner has been under way long enough to be anywhere: nothing is known of where they were."""
    assert partner.region is not None
    with suppress(valkey.Unreachable):
        valkey.client().hdel(layout.pos(partner.region.slug), str(partner.pk))


def submit(
    user: User,
    *,
    at: Place = EMPIRE_STATE,
    type: str = "pep_talk",
    note: str = "Third floor",
    now: datetime | None = None,
) -> CheerRequest:
    """A user asks for a cheer."""
    kind = RequestType.objects.get(slug=type)
    return services.submit_request(user, lat=at[0], lng=at[1], request_type=kind, note=note, now=now or timezone.now())


def queue(user: User, **how: Any) -> CheerRequest:
    """As `submit`, but nobody is found at once: it is left to the matcher."""
    with patch("requests_app.matching.immediate.near", return_value=[]):
        return submit(user, **how)


def agree(request: CheerRequest, **prices: int) -> None:
    """Put a request under other prices, as if it had been made under them."""
    region = Region.objects.get(pk=request.region_id)
    region.__dict__.update(prices)
    CheerRequest.objects.filter(pk=request.pk).update(terms=present_terms(region, now=request.created_at))


def match(region: Region) -> bool:
    """Run the matcher once."""
    return match_batch(region)


def open_offer(request: CheerRequest) -> Offer:
    """The offer of a request that awaits an answer."""
    return Offer.objects.select_related("partner__user", "request").get(request=request, status=OfferStatus.PENDING)


def offered_to(request: CheerRequest) -> Partner | None:
    """Whom a request is offered to, if to anybody."""
    found = Offer.objects.filter(request=request, status=OfferStatus.PENDING).select_related("partner__region").first()
    return found.partner if found else None


def accept(offer: Offer) -> Ride:
    """The offered partner accepts."""
    return fulfilment.accept_offer(fresh(offer.partner), offer_id=offer.pk, now=timezone.now())


def decline(offer: Offer, reason: str = "") -> None:
    """The offered partner declines."""
    offers.decline_offer(fresh(offer.partner), offer.pk, reason=reason, now=timezone.now())


def come(ride: Ride) -> None:
    """The partner comes to the place and reports that, also while the clock stands still."""
    report(ride.partner, (ride.request.lat, ride.request.lng))


def arrive(ride: Ride) -> Ride:
    """The partner is at the place, and says so."""
    come(ride)
    return arrival.arrive(fresh(ride.partner), ride.pk, now=timezone.now())


def start(ride: Ride, pin: str = "") -> Ride:
    """The partner arrives and starts the session."""
    if not fresh(ride).arrived_at and not pin:
        arrive(ride)
    return fulfilment.start_session(fresh(ride.partner), ride.pk, pin=pin, now=timezone.now())


def end(ride: Ride) -> Ride:
    """The session is over."""
    return fulfilment.end_session(fresh(ride.partner).user, ride.pk, now=timezone.now())


def fresh(row: Any) -> Any:
    """A row as the database has it now."""
    rows = type(row)._default_manager
    if isinstance(row, Partner):
        rows = rows.select_related("user", "region")
    return rows.get(pk=row.pk)


# ---------------------------------------------------------------- at the same time


def in_threads(*steps: Callable[[], Any], timeout_s: float = 60.0) -> list[Any]:
    """Run each step in a thread with database connections of its own; returns what each gave or raised, in order."""
    outcomes: list[Any] = [None] * len(steps)

    def run(number: int, step: Callable[[], Any]) -> None:
        try:
            outcomes[number] = step()
        except BaseException as error:
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(number, step)) for number, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        assert not thread.is_alive(), "two threads wait for each other"
    return outcomes


# ---------------------------------------------------------------- the time


class Clock:
    """The time that the program reads. It stands still until it is told to move."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def advance(self, seconds: float) -> datetime:
        """Move by so many seconds (back where negative); returns the time then."""
        self.now += timedelta(seconds=seconds)
        return self.now


# ---------------------------------------------------------------- calling the API


def token_of(user: User) -> str:
    """A new token of an account."""
    text: str = AuthToken.objects.create(user)[1]
    return text


def client_of(user: User | None) -> APIClient:
    """A client that calls with a token of this account; without one for None."""
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user)}")
    return client


def assert_refused(response: Any, status: int, code: str, attr: str | None = None) -> None:
    """The answer is one error, in the one shape."""
    body = assert_error_shape(response, status)
    found = [(error["code"], error["attr"]) for error in body["errors"]]
    assert found == [(code, attr)], body


def assert_error_shape(response: Any, status: int) -> dict[str, Any]:
    """The answer has this status and the shape of every error."""
    assert response.status_code == status, (response.status_code, response.content)
    assert response["Content-Type"].startswith("application/json")
    body: dict[str, Any] = response.json()
    assert set(body) == {"type", "errors"}
    assert body["type"] in (["validation_error", "client_error"] if status == 400 else ["client_error"])
    assert body["errors"]
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}
        assert isinstance(error["code"], str)
        assert error["code"]
        assert isinstance(error["detail"], str)
        assert error["detail"]
        assert error["attr"] is None or isinstance(error["attr"], str)
    return body


# ---------------------------------------------------------------- that nothing has changed


@contextmanager
def unchanged() -> Iterator[None]:
    """What happens inside changes no row of ours."""
    with rows_unchanged(models_of(*OUR_APPS)):
        yield
