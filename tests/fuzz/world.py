"""A city in which every call could succeed, and a watch over its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken

from accounts.models import Partner, User
from failures.models import FailedDelivery
from failures.tests.scenes import failing_mail
from ops import seed as demo
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import dead_letters
from requests_app.models import CheerRequest, SavedPlace, ScheduledRequest
from requests_app.planning import places, schedule
from requests_app.serving import availability
from rides.contact.services import send_message
from rides.models import Message, Ride
from tests import cast
from tests.fixtures import run_commit_hooks
from tests.rows import OUR_APPS, models_of, rows_of

WATCHED = [app for app in OUR_APPS if app != "risk"]  # a call that is refused may raise a flag


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
    message: Message  # about `completed`, to its user
    letter: CheerRequest  # a dead letter of somebody else, for whom nobody was found
    failure: FailedDelivery  # of a mail to `user`


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
    letter = cast.queue(cast.make_user("Lena"))
    cast.match(region)
    assert dead_letters.dead_letter(letter.pk, now=letter.give_up_at)
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
        message=send_message(idle.user, completed.pk, phrase="thanks", now=now),
        letter=cast.fresh(letter),
        failure=failing_mail(user),
    )


def _partner(name: str) -> Partner:
    """An available partner, whom the matcher sees."""
    partner = cast.make_partner(name)
    run_commit_hooks()
    return partner


def _ride_of(user: User, region: Region) -> Ride:
    """The only free partner accepts this user's request."""
    request = cast.submit(user)
    cast.match(region)
    return cast.accept(cast.open_offer(request))


@contextmanager
def rolled_back() -> Iterator[None]:
    """What happens inside is undone. What waits for a commit takes it for the test's own transaction, and runs."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the domain, and every token."""
    return rows_of([AuthToken, *models_of(*WATCHED)])
