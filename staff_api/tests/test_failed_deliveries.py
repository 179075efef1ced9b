"""`/staffApi/failedDelivery`: what fails, by kind and time, and the steps with one and with many."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import DeferredMail, User
from backoffice.models import StaffAction
from failures.models import FailedDelivery
from failures.tests.scenes import failing_mail, given_up_mail
from regions.models import Region
from requests_app.models import CheerRequest
from staff_api.tests.scenes import VIEWER, desk_api, ids, pks
from tests.cast import assert_refused, fresh

LIST = "/staffApi/failedDelivery"
LOOK, ACT = "failures.view_faileddelivery", "failures.change_faileddelivery"
UNKNOWN = "019a8f5e-6f00-7000-8000-000000000001"


@pytest.fixture
def failing(user: User, pending: CheerRequest) -> FailedDelivery:
    return failing_mail(user)


@pytest.fixture
def given_up(user: User, pending: CheerRequest) -> FailedDelivery:
    return given_up_mail(user)


def api(*regions: Region) -> APIClient:
    return desk_api(*regions, rights=(LOOK, ACT))


def listed(client: APIClient, **query: Any) -> list[str]:
    return ids(client.get(LIST, query), "failedDeliveryId")


def test_a_row_says_what_failed_and_no_address(failing: FailedDelivery, user: User) -> None:
    answer = api().get(LIST)
    (row,) = answer.json()["results"]
    assert row.pop("firstFailedAt") == row.pop("lastFailedAt")
    assert row.pop("nextTryAt")
    assert row == {
        "failedDeliveryId": str(failing.pk),
        "kind": "mail",
        "job": "mail",
        "about": "security_notice",
        "rowId": failing.row_id,
        "userId": str(user.pk),
        "region": "nyc",
        "status": "failing",
        "tries": 1,
        "error": "SMTPServerDisconnected",
        "givenUpAt": None,
        "closedAt": None,
    }
    assert user.email not in answer.content.decode()


def test_filters(failing: FailedDelivery, given_up: FailedDelivery, boston: Region, user: User) -> None:
    both = pks(given_up, failing)
    assert listed(api()) == listed(api(), kind="mail") == listed(api(), region="nyc") == both
    assert listed(api(), userId=str(user.pk)) == both
    assert listed(api(), kind="push") == listed(api(), region="boston") == []
    assert listed(api(), status="given_up") == pks(given_up)
    assert listed(api(), createdFrom=given_up.first_failed_at.isoformat()) == pks(given_up)
    assert listed(api(), createdTo=given_up.first_failed_at.isoformat()) == pks(failing)
    assert listed(api(), limit=1, kind="mail") == both[:1]
    assert api().get(LIST, {"status": "closed"}).status_code == 400


def test_another_region_sees_nothing_of_it(failing: FailedDelivery, boston: Region) -> None:
    assert listed(api(boston)) == []
    assert listed(api(failing.region)) == pks(failing)
    assert_refused(api(boston).get(f"{LIST}/{failing.pk}"), 404, "not_found")
    assert_refused(api(boston).post(f"{LIST}/{failing.pk}/retry", {}), 404, "not_found")


def test_each_takes_its_right(failing: FailedDelivery) -> None:
    none, viewer = desk_api(rights=VIEWER), desk_api(rights=(LOOK,))
    assert_refused(none.get(LIST), 403, "permission_denied")
    assert_refused(none.get(f"{LIST}/{failing.pk}"), 403, "permission_denied")
    assert_refused(viewer.post(f"{LIST}/{failing.pk}/retry", {}), 403, "permission_denied")
    assert_refused(viewer.post(f"{LIST}/close", {"failedDeliveryIds": pks(failing)}), 403, "permission_denied")


def test_a_retry_with_a_key_is_done_once(failing: FailedDelivery) -> None:
    clerk, path = api(), f"{LIST}/{failing.pk}/retry"
    answers = [clerk.post(path, {"reason": "It is back"}, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["status"] == "failing"
    assert DeferredMail.objects.get(pk=failing.row_id).due_at != failing.next_try_at
    assert StaffAction.objects.get(action="retry").reason == "It is back"
    assert_refused(clerk.post(path, {}), 409, "tried_now")


def test_many_have_an_outcome_each(failing: FailedDelivery, given_up: FailedDelivery) -> None:
    clerk, chosen = api(), [*pks(given_up, failing), UNKNOWN]
    answers = [
        clerk.post(f"{LIST}/retry", {"failedDeliveryIds": chosen}, headers={"Idempotency-Key": "one"}) for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    told = [(each["id"], each["outcome"], each["code"]) for each in answers[0].json()["outcomes"]]
    assert told == [(chosen[0], "refused", "too_late"), (chosen[1], "done", None), (UNKNOWN, "refused", "not_found")]
    assert StaffAction.objects.filter(action="retry").count() == 1
    assert clerk.post(f"{LIST}/retry", {"failedDeliveryIds": [UNKNOWN] * 201}).status_code == 400


def test_a_closed_one_is_on_no_list_and_still_there(failing: FailedDelivery) -> None:
    clerk = api()
    answer = clerk.post(f"{LIST}/{failing.pk}/close", {})
    assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    assert listed(clerk) == []
    assert clerk.get(f"{LIST}/{failing.pk}").json()["closedAt"]
    assert fresh(failing).closed_at
