"""`POST /scheduledRequest`, its list and its cancelling, and the sweep that makes requests of what is due."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.applications import apply_as_partner
from accounts.models import User
from ops.sweep import sweep_deadlines
from requests_app.models import CheerRequest, RequestType, ScheduledRequest
from requests_app.planning.schedule import WAITING_MAX, request_scheduled
from requests_app.states import RequestStatus, ScheduledStatus
from requests_app.tests.scenes import HOUR, plan
from tests.cast import EMPIRE_STATE, LONDON, Clock, assert_refused, at, fresh, in_threads, submit, unchanged

LEAD = timedelta(seconds=settings.SCHEDULE_LEAD_S)


def wish(when: datetime, **more: Any) -> dict[str, Any]:
    return {"location": at(EMPIRE_STATE), "requestType": "birthday", "scheduledFor": when.isoformat()} | more


@pytest.fixture
def planned(user: User, clock: Clock) -> ScheduledRequest:
    """The user's cheer in an hour."""
    return plan(user, now=clock.now)


class TestPlanning:
    def test_it_waits(self, user: User, user_api: APIClient, clock: Clock) -> None:
        when = clock.now + HOUR
        answer = user_api.post("/scheduledRequest", wish(when, note="Blue door"))
        assert answer.status_code == 201, answer.content
        body = answer.json()
        assert body["status"] == "waiting"
        assert body["requestType"] == "birthday"
        assert body["note"] == "Blue door"
        assert body["location"] == at(EMPIRE_STATE)
        assert datetime.fromisoformat(body["scheduledFor"]) == when
        assert (body["requestId"], body["reason"], body["region"]) == (None, None, "nyc")
        assert ScheduledRequest.objects.get().due_at == when - LEAD
        assert not CheerRequest.objects.exists()
        assert user_api.get("/scheduledRequest").json()["results"] == [body]

    @pytest.mark.parametrize(
        ("ahead", "code"),
        [
            (-HOUR, "too_soon"),
            (LEAD, "too_soon"),
            (timedelta(seconds=settings.SCHEDULE_AHEAD_MAX_S + 1), "too_far"),
        ],
    )
    def test_not_at_any_time(self, user_api: APIClient, clock: Clock, ahead: timedelta, code: str) -> None:
        with unchanged():
            answer = user_api.post("/scheduledRequest", wish(clock.now + ahead))
        assert_refused(answer, 400, code, "scheduledFor")

    def test_not_everywhere(self, user_api: APIClient, clock: Clock) -> None:
        answer = user_api.post("/scheduledRequest", wish(clock.now + HOUR, location=at(LONDON)))
        assert_refused(answer, 409, "region_not_served", "location")

    def test_one_for_one_time(self, user_api: APIClient, planned: ScheduledRequest) -> None:
        answer = user_api.post("/scheduledRequest", wish(planned.scheduled_for))
        assert_refused(answer, 409, "already_scheduled", "scheduledFor")

    def test_not_too_many(self, user: User, user_api: APIClient, clock: Clock) -> None:
        for n in range(WAITING_MAX):
            plan(user, ahead=HOUR * (n + 1), now=clock.now)
        answer = user_api.post("/scheduledRequest", wish(clock.now + HOUR * 30))
        assert_refused(answer, 409, "too_many")

    @pytest.mark.parametrize("who", ["partner", "staff"])
    def test_only_users(self, api_of: Any, who: str, clock: Clock) -> None:
        assert_refused(api_of(who).post("/scheduledRequest", wish(clock.now + HOUR)), 403, "permission_denied")

    def test_twice_with_one_key_is_once(self, user_api: APIClient, clock: Clock) -> None:
        for _ in range(2):
            user_api.post("/scheduledRequest", wish(clock.now + HOUR), headers={"Idempotency-Key": "a"})
        assert ScheduledRequest.objects.count() == 1


class TestCancelling:
    def test_free_while_it_waits(self, user_api: APIClient, planned: ScheduledRequest) -> None:
        body = user_api.post(f"/scheduledRequest/{planned.pk}/cancel").json()
        assert (body["status"], body["reason"]) == ("cancelled", "cancelled_by_user")
        again = user_api.post(f"/scheduledRequest/{planned.pk}/cancel")
        assert_refused(again, 409, "scheduled_cancelled")

    def test_words_are_apart_from_the_code(self, user_api: APIClient, planned: ScheduledRequest) -> None:
        body = user_api.post(f"/scheduledRequest/{planned.pk}/cancel", {"reason": "not_a_user"}).json()
        assert (body["reason"], body["reasonNote"]) == ("cancelled_by_user", "not_a_user")

    def test_a_strangers_is_not_there(self, outsider_api: APIClient, planned: ScheduledRequest) -> None:
        with unchanged():
            assert_refused(outsider_api.post(f"/scheduledRequest/{planned.pk}/cancel"), 404, "not_found")
        assert outsider_api.get("/scheduledRequest").json()["results"] == []

    def test_not_once_it_was_requested(self, user_api: APIClient, planned: ScheduledRequest, clock: Clock) -> None:
        request_scheduled(planned.pk, now=clock.advance(3600))
        assert_refused(user_api.post(f"/scheduledRequest/{planned.pk}/cancel"), 409, "scheduled_requested")


class TestTheSweep:
    def test_nothing_before_its_time(self, planned: ScheduledRequest, clock: Clock) -> None:
        sweep_deadlines(clock.advance((HOUR - LEAD).total_seconds() - 1))
        assert fresh(planned).status == ScheduledStatus.WAITING

    def test_a_request_is_made_of_it(self, user: User, planned: ScheduledRequest, clock: Clock) -> None:
        sweep_deadlines(clock.advance((HOUR - LEAD).total_seconds()))
        made = CheerRequest.objects.get()
        assert fresh(planned).request == made
        assert fresh(planned).status == ScheduledStatus.REQUESTED
        assert (made.user, made.note, made.status) == (user, "Later", RequestStatus.PENDING)
        # Patience counts from the time that was asked for, not from when we begin to look.
        assert made.give_up_at == planned.scheduled_for + timedelta(seconds=settings.REQUEST_PATIENCE_S)
        sweep_deadlines(clock.now)
        assert CheerRequest.objects.count() == 1

    def test_an_open_request_is_waited_for(self, user: User, planned: ScheduledRequest, clock: Clock) -> None:
        submit(user)
        assert request_scheduled(planned.pk, now=planned.due_at) is None
        assert fresh(planned).status == ScheduledStatus.WAITING
        assert request_scheduled(planned.pk, now=planned.scheduled_for) is None
        assert fresh(planned).status == ScheduledStatus.FAILED
        assert fresh(planned).closed_code == "request_already_open"

    def test_a_kind_that_is_gone(self, planned: ScheduledRequest) -> None:
        RequestType.objects.update(active=False)
        assert request_scheduled(planned.pk, now=planned.due_at) is None
        assert fresh(planned).closed_code == "type_not_offered"

    def test_a_user_who_has_become_a_partner(self, user: User, planned: ScheduledRequest, clock: Clock) -> None:
        apply_as_partner(user, name="Ada", type="coach", phone="+1 212 555 0111", now=clock.now)
        assert request_scheduled(planned.pk, now=planned.due_at) is None
        assert fresh(planned).closed_code == "not_a_user"


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_make_one_request(user: User) -> None:
    planned = plan(user, now=timezone.now() - HOUR)
    outcomes = in_threads(*[lambda: request_scheduled(planned.pk, now=timezone.now())] * 2)
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    assert CheerRequest.objects.count() == 1
