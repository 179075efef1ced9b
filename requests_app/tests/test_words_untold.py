"""A word that nobody wants or needs any more is not sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import DeferredMail, NotificationSettings, Partner, User
from accounts.words import BY_MAIL
from notifications.models import DeferredPush
from regions.models import Region
from requests_app import services
from requests_app.dead_letters import requeue_request
from requests_app.serving import fulfilment
from requests_app.tests.word_scenes import AFTER_S, TITLES, acknowledged, asked, quiet, until_over, who_is_told
from rides.models import Ride
from testbed.push_service import Browser
from tests.cast import Clock, accept, fresh, open_offer, unchanged


@pytest.mark.parametrize("kind", TITLES)
@pytest.mark.parametrize("by", ["push", "mail"])
def test_acknowledged_in_time(
    confirmed: User,
    partner: Partner,
    nyc: Region,
    clock: Clock,
    sweep: Any,
    request: pytest.FixtureRequest,
    kind: str,
    by: str,
) -> None:
    told = who_is_told(request, by)
    until_over(confirmed, nyc, kind, clock)
    acknowledged(confirmed)
    clock.advance(AFTER_S)
    sweep()
    clock.advance(60)
    sweep()
    assert told() == []
    assert not DeferredPush.objects.exists()


@pytest.mark.parametrize("kind", TITLES)
@pytest.mark.parametrize("when", ["before the event", "after it"])
def test_a_user_who_wants_none_of_it(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any, kind: str, when: str
) -> None:
    unwanted = {f"push_{kind}": False} | ({f"email_{kind}": False} if kind in BY_MAIL else {})
    if when == "before the event":
        NotificationSettings.objects.create(user=confirmed, **unwanted)
    until_over(confirmed, nyc, kind, clock)
    if when == "after it":
        NotificationSettings.objects.create(user=confirmed, **unwanted)
    clock.advance(AFTER_S)
    sweep()
    assert (device.messages(), mail.outbox) == ([], [])


def test_a_user_who_wants_mails_only(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    NotificationSettings.objects.create(user=confirmed, push_coming=False)
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(AFTER_S)
    sweep()
    assert (device.messages(), [sent.subject for sent in mail.outbox]) == ([], [TITLES["coming"]])


def test_an_address_that_nobody_has_confirmed_gets_nothing(
    user: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    until_over(user, nyc, "coming", clock)
    clock.advance(AFTER_S)
    sweep()
    assert mail.outbox == []
    assert not DeferredMail.objects.exists()


OVERTAKING: dict[str, Callable[[Ride, User], object]] = {
    "called off by the user": lambda ride, _: services.cancel_request(
        ride.user, ride.request_id, reason="", now=timezone.now()
    ),
    "called off by the partner": lambda ride, _: fulfilment.cancel_by_partner(
        fresh(ride.partner), ride.pk, reason="", now=timezone.now()
    ),
}


@pytest.mark.parametrize("how", OVERTAKING)
@pytest.mark.parametrize("by", ["push", "mail"])
def test_overtaken_by_what_came_after(
    confirmed: User,
    staff: User,
    partner: Partner,
    nyc: Region,
    clock: Clock,
    sweep: Any,
    request: pytest.FixtureRequest,
    how: str,
    by: str,
) -> None:
    told = who_is_told(request, by)
    until_over(confirmed, nyc, "coming", clock)
    clock.advance(1)
    OVERTAKING[how](Ride.objects.get(), staff)
    clock.advance(AFTER_S)
    sweep()
    assert told() == []


def test_only_the_latest_state_is_told(
    device: Browser, confirmed: User, partner: Partner, nyc: Region, clock: Clock, sweep: Any
) -> None:
    until_over(confirmed, nyc, "over", clock)  # accepted, begun and ended within three seconds
    clock.advance(AFTER_S)
    sweep()
    assert [shown["kind"] for shown in device.shown()] == ["over"]


def test_a_dead_letter_that_staff_have_requeued(
    device: Browser, confirmed: User, staff: User, nyc: Region, clock: Clock, sweep: Any
) -> None:
    request = until_over(confirmed, nyc, "no_match", clock)
    requeue_request(fresh(request), actor=staff, now=clock.now)
    clock.advance(AFTER_S)
    sweep()
    assert device.messages() == []


# ---------------------------------------------------------------- what it costs


def test_a_lone_request_plans_no_word(device: Browser, confirmed: User, partner: Partner, nyc: Region) -> None:
    quiet()
    services.submit_request(confirmed, lat=40.7484, lng=-73.9857, request_type=None, note="", now=timezone.now())
    assert not DeferredPush.objects.exists()
    assert not DeferredMail.objects.exists()


def test_a_rollback_leaves_no_word(
    confirmed: User, partner: Partner, nyc: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(confirmed, nyc)
    offer = open_offer(request)

    def killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("requests_app.serving.fulfilment.announce.ride_updated", killed)
    with unchanged(), pytest.raises(KeyboardInterrupt):
        accept(offer)
