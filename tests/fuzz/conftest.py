"""What the fuzz tests share: a world in which every call could succeed, and a watch over its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_django
from django.apps import apps
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from knox.models import AuthToken

from accounts.models import Partner, User
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import availability, demo, places, schedule
from requests_app.models import CheerRequest, SavedPlace, ScheduledRequest
from rides.models import Ride
from tests import cast

WEBHOOK_SECRET = "whsec_fuzz"
UNLIMITED = "1000000/sec"
# The same examples in every run, however slow the machine is.
hypothesis_settings.register_profile(
    "fuzz",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TABLES = [
    AuthToken._meta.db_table,
    *(model._meta.db_table for app in cast.OUR_APPS for model in apps.get_app_config(app).get_models()),
]
FUZZ = hypothesis_settings.get_profile("fuzz")


@pytest.fixture(autouse=True)
def _open_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """No rate limits, and a payment provider whose secret we know."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], UNLIMITED)
    monkeypatch.setitem(settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES", rates)
    monkeypatch.setattr(settings, "STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)


@pytest.fixture(autouse=True)
def _connections_stay_open() -> Iterator[None]:
    """Django closes a connection that is in a transaction at the end of a request, and each test runs in one."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@dataclass(frozen=True)
class World:
    """A city at work, with something at every stage."""

    region: Region
    user: User  # has a request that is offered to `offered`, and a completed ride behind them
    stroller: User  # has nothing
    offered: Partner
    en_route: Partner  # on the way in `coming`
    at_work: Partner  # in the session of `running`
    idle: Partner  # offline
    applicant: Partner
    staff: User
    request: CheerRequest
    planned: ScheduledRequest  # as `place`, the `user`'s
    place: SavedPlace
    coming: Ride
    running: Ride
    completed: Ride  # of `user` and `idle`


def make_world() -> World:
    """Built by the services, as everything in the tests is."""
    forget_regions()
    demo.seed_request_types()
    region = demo.seed_region()
    idle, user = _partner("Idle"), cast.make_user("Ada")
    completed = cast.end(cast.start(_ride_of(user, region)))
    availability.go_offline(cast.fresh(idle), now=timezone.now())
    en_route = _partner("Rita")
    coming = _ride_of(cast.make_user("Carl"), region)
    at_work = _partner("Walt")
    running = cast.start(_ride_of(cast.make_user("Rose"), region))
    offered = _partner("Otto")
    request = cast.submit(user)
    cast.match(region)
    assert cast.offered_to(request) == offered
    now, tomorrow = timezone.now(), timezone.now() + timedelta(days=2)
    lat, lng = cast.EMPIRE_STATE
    return World(
        region=region,
        user=user,
        stroller=cast.make_user("Stan"),
        offered=offered,
        en_route=en_route,
        at_work=at_work,
        idle=idle,
        applicant=cast.make_applicant("Anna"),
        staff=cast.make_staff("Stella"),
        request=request,
        planned=schedule.schedule_request(
            user, lat=lat, lng=lng, request_type=None, note="", scheduled_for=tomorrow, now=now
        ),
        place=places.save_place(user, name="Work", lat=lat, lng=lng, now=now),
        coming=coming,
        running=running,
        completed=completed,
    )


def _partner(name: str) -> Partner:
    """An available partner, whom the matcher sees."""
    partner = cast.make_partner(name)
    cast.run_commit_hooks()
    return partner


def _ride_of(user: User, region: Region) -> Ride:
    """The only free partner accepts this user's request."""
    request = cast.submit(user)
    cast.match(region)
    return cast.accept(cast.open_offer(request))


@pytest.fixture(scope="module")
def _built(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[World]:
    """Built once a module, in a transaction that is never committed."""
    with django_db_blocker.unblock(), rolled_back(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "OFFER_TTL_S", 3600)
        yield make_world()
    forget_regions()


@pytest.fixture
def world(_built: World, db: None) -> World:
    """As it was built: what the test before did is undone."""
    forget_regions()
    return _built


@contextmanager
def rolled_back() -> Iterator[None]:
    """What happens inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the domain, and every token. Plain SQL: the ORM would take longer than the calls it watches."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')  # noqa: S608  # no outside text
            found[table] = cursor.fetchall()
    return found
