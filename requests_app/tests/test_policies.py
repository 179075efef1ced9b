"""Policies of regions: what each version says is followed, and staff pause, drain and open."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from rest_framework.test import APIClient

from accounts.models import User
from core.errors import Conflict, Invalid
from ops.sweep import sweep_deadlines
from regions.models import Region
from regions.policies import Intake, Policy
from regions.selectors import offer_ttl, policy_of, usual_patience, usual_radii_m
from regions.services import change_policy, restore_policy, set_intake
from requests_app.dead_letters import widen_request
from requests_app.matching.decisions import chosen_again, explained
from requests_app.matching.policy import RULES
from requests_app.models import CheerRequest, Offer, ScheduledRequest
from requests_app.planning.schedule import request_scheduled
from requests_app.states import RequestStatus, ScheduledStatus
from requests_app.tests.scenes import plan
from tests.cast import (
    EMPIRE_STATE,
    Clock,
    accept,
    assert_refused,
    at,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    offered_to,
    open_offer,
    report,
    submit,
    unchanged,
)


def change(region: Region, staff: User, clock: Clock, **changes: object) -> Policy:
    return change_policy(region, actor=staff, reason="A quiet night", now=clock.now, **changes)


def turn(region: Region, intake: Intake, staff: User, clock: Clock, message: str = "") -> None:
    set_intake(region, intake, message, actor=staff, reason="A storm", now=clock.now)


# ---------------------------------------------------------------- versions


def test_without_one_the_settings_hold(nyc: Region) -> None:
    policy = policy_of(nyc.pk)
    assert (policy.version, policy.intake) == (0, Intake.OPEN)
    assert usual_radii_m(nyc.pk) == settings.MATCH_RADIUS_M
    assert usual_patience(nyc.pk) == timedelta(seconds=settings.REQUEST_PATIENCE_S)
    assert offer_ttl(nyc.pk) == timedelta(seconds=settings.OFFER_TTL_S)


def test_each_change_is_a_version_with_its_author_and_reason(nyc: Region, staff: User, clock: Clock) -> None:
    change(nyc, staff, clock, patience_s=300)
    change(nyc, staff, clock, offer_ttl_s=30)
    first, second = Policy.objects.order_by("version")
    assert (first.version, first.patience_s, first.offer_ttl_s) == (1, 300, None)
    assert (second.version, second.patience_s, second.offer_ttl_s) == (2, 300, 30)
    assert (second.author, second.reason, second.created_at) == (staff, "A quiet night", clock.now)
    assert policy_of(nyc.pk) == second


def test_an_older_one_is_brought_back_but_not_its_intake(nyc: Region, staff: User, clock: Clock) -> None:
    old = change(nyc, staff, clock, patience_s=300, opening_hours="Mo-Su 08:00-20:00")
    change(nyc, staff, clock, patience_s=900, opening_hours="")
    turn(nyc, Intake.PAUSED, staff, clock, "Back soon")
    made = restore_policy(old, actor=staff, reason="It was better", now=clock.now)
    assert (made.version, made.patience_s, made.opening_hours) == (4, 300, "Mo-Su 08:00-20:00")
    assert (made.intake, made.message) == (Intake.PAUSED, "Back soon")


def test_no_version_is_ever_changed(nyc: Region, staff: User, clock: Clock) -> None:
    change(nyc, staff, clock, patience_s=300)
    with pytest.raises(DatabaseError), transaction.atomic():
        Policy.objects.update(patience_s=600)


def test_two_versions_have_two_numbers(nyc: Region, staff: User, clock: Clock) -> None:
    change(nyc, staff, clock)
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(region=nyc, version=1, author=staff, reason="x", created_at=clock.now)


@pytest.mark.parametrize(
    "wrong",
    [
        {"offer_ttl_s": 1},
        {"patience_s": 100_000},
        {"radii_m": [5000, 2000]},
        {"radii_m": [2000.5]},
        {"radii_m": [True]},
        {"radii_m": "2000"},
        {"cap_least_s": 300, "cap_s": 200},
        {"cap_widens": -1},
        {"opening_hours": "sometimes"},
        {"intake": "maybe"},
    ],
)
def test_what_cannot_be_followed_is_refused(nyc: Region, staff: User, clock: Clock, wrong: dict[str, object]) -> None:
    with unchanged(), pytest.raises(Invalid):
        change(nyc, staff, clock, **wrong)


def test_the_database_refuses_it_too(nyc: Region, staff: User, clock: Clock) -> None:
    row = {"region": nyc, "version": 1, "author": staff, "reason": "x", "created_at": clock.now}
    for wrong in ({"offer_ttl_s": 1}, {"cap_least_s": 300, "cap_s": 200}, {"intake": "maybe"}, {"version": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Policy.objects.create(**{**row, **wrong})


# ---------------------------------------------------------------- followed


def test_its_times_are_those_of_requests_and_offers(user: User, nyc: Region, staff: User, clock: Clock) -> None:
    change(nyc, staff, clock, offer_ttl_s=45, patience_s=120)
    make_partner("Pia")
    request = submit(user)
    assert fresh(request).give_up_at == clock.now + timedelta(seconds=120)
    assert open_offer(request).expires_at == clock.now + timedelta(seconds=45)


def test_and_of_its_region_alone(nyc: Region, staff: User, clock: Clock) -> None:
    paris = Region.objects.create(slug="paris", name="Paris", boundary=nyc.boundary, time_zone="Europe/Paris")
    change(paris, staff, clock, offer_ttl_s=45)
    assert offer_ttl(nyc.pk) == timedelta(seconds=settings.OFFER_TTL_S)


def test_partners_are_looked_for_within_its_radii(user: User, nyc: Region, staff: User, clock: Clock) -> None:
    change(nyc, staff, clock, radii_m=[500, 1000])
    partner = make_partner("Pia", at=north(1200))
    request = submit(user)
    match(nyc)
    assert offered_to(request) is None
    assert fresh(request).wave == 1
    change(nyc, staff, clock, radii_m=[1500])  # fewer waves than the request has seen
    clock.advance(60)
    report(partner, north(1200))
    match(nyc)
    assert offered_to(request) == partner


def test_it_is_widened_beyond_what_the_region_does(
    pending: CheerRequest, nyc: Region, staff: User, clock: Clock
) -> None:
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    dead = fresh(pending)
    change(nyc, staff, clock, radii_m=[500, 1000], patience_s=60)
    with unchanged(), pytest.raises(Invalid):
        widen_request(dead, reach_m=1000, patience_s=None, actor=staff, now=clock.now)
    widen_request(dead, reach_m=1001, patience_s=61, actor=staff, now=clock.now)
    assert fresh(dead).give_up_at == clock.now + timedelta(seconds=61)


def test_its_rules_are_those_of_decisions(user: User, nyc: Region, staff: User, clock: Clock) -> None:
    made = change(nyc, staff, clock, cap_s=400.0, cap_lone=False)
    make_partner("Pia")
    for offer in (open_offer(submit(user)), _matched(nyc)):
        rules = explained(offer).rules
        assert (rules.cap_s, rules.cap_lone, rules.age_credit) == (400.0, False, RULES.age_credit)
        assert offer.decision["policy"] == made.version
        assert chosen_again(offer) == offer.partner_id


def _matched(region: Region) -> Offer:
    """The offer of a request that the matcher has found a partner for."""
    request = submit(make_user("Grace"))
    make_partner("Otto")
    match(region)
    return open_offer(request)


# ---------------------------------------------------------------- intake


@pytest.mark.parametrize("intake", [Intake.PAUSED, Intake.DRAINING])
def test_no_request_is_taken(user_api: APIClient, nyc: Region, staff: User, clock: Clock, intake: Intake) -> None:
    turn(nyc, intake, staff, clock, "A storm is coming: stay at home.")
    with unchanged():
        refused = user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)}, format="json")
    assert_refused(refused, 409, "region_paused", "location")
    assert "A storm is coming: stay at home." in refused.content.decode()
    turn(nyc, Intake.OPEN, staff, clock)
    assert user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)}, format="json").status_code == 201


def test_while_draining_those_who_wait_are_matched(
    pending: CheerRequest, nyc: Region, staff: User, clock: Clock
) -> None:
    turn(nyc, Intake.DRAINING, staff, clock)
    partner = make_partner("Pia")
    match(nyc)
    assert offered_to(pending) == partner


def test_while_paused_nobody_is_asked(pending: CheerRequest, nyc: Region, staff: User, clock: Clock) -> None:
    turn(nyc, Intake.PAUSED, staff, clock)
    partner = make_partner("Pia")
    with unchanged():
        assert not match(nyc)
    turn(nyc, Intake.OPEN, staff, clock)
    match(nyc)
    assert offered_to(pending) == partner


def test_what_is_out_is_still_accepted(user: User, nyc: Region, staff: User, clock: Clock) -> None:
    make_partner("Pia")
    offer = open_offer(submit(user))
    turn(nyc, Intake.PAUSED, staff, clock)
    assert accept(offer).request_id == offer.request_id


def test_a_paused_request_dies_when_its_patience_ends(
    pending: CheerRequest, nyc: Region, staff: User, clock: Clock
) -> None:
    turn(nyc, Intake.PAUSED, staff, clock)
    sweep_deadlines(clock.advance(settings.REQUEST_PATIENCE_S))
    assert fresh(pending).status == RequestStatus.NO_MATCH


def test_a_planned_cheer_waits_for_a_paused_region(user: User, nyc: Region, staff: User, clock: Clock) -> None:
    planned = plan(user)
    turn(nyc, Intake.PAUSED, staff, clock)
    clock.now = planned.due_at
    assert request_scheduled(planned.pk, now=clock.now) is None
    assert fresh(planned).status == ScheduledStatus.WAITING
    turn(nyc, Intake.OPEN, staff, clock)
    assert request_scheduled(planned.pk, now=clock.advance(60)) is not None


def test_but_not_beyond_its_time(user: User, nyc: Region, staff: User, clock: Clock) -> None:
    planned = plan(user)
    turn(nyc, Intake.PAUSED, staff, clock)
    clock.now = planned.scheduled_for
    assert request_scheduled(planned.pk, now=clock.now) is None
    assert (fresh(planned).status, fresh(planned).closed_code) == (ScheduledStatus.FAILED, "region_paused")


# ---------------------------------------------------------------- hours


def test_outside_opening_hours_no_request_is_taken(user_api: APIClient, nyc: Region, staff: User, clock: Clock) -> None:
    local = clock.now.astimezone(ZoneInfo(nyc.time_zone))
    hours = f"{(local + timedelta(hours=2)):%H}:00-{(local + timedelta(hours=3)):%H}:00"
    change(nyc, staff, clock, opening_hours=hours)
    with unchanged():
        refused = user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)}, format="json")
    assert_refused(refused, 409, "region_closed", "location")
    assert "until" in refused.content.decode()
    clock.advance(2 * 3600)
    assert user_api.post("/cheerRequest", {"location": at(EMPIRE_STATE)}, format="json").status_code == 201


def test_one_may_be_planned_for_when_it_is_open(user: User, nyc: Region, staff: User, clock: Clock) -> None:
    change(nyc, staff, clock, opening_hours="off")
    with unchanged(), pytest.raises(Conflict) as refused:
        plan(user)
    assert refused.value.code == "region_closed"
    change(nyc, staff, clock, opening_hours="24/7")
    assert isinstance(plan(user), ScheduledRequest)
