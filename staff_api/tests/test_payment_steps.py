"""`POST /staffApi/payment/{paymentId}/…`, and with many."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from knox.models import AuthToken

from backoffice.models import StaffAction
from payments.models import Credit, ManualEntry, Payment, Refund
from regions.models import Region
from rides.models import Ride
from staff_api.tests.scenes import VIEWER, desk_api, make_desk
from tests.cast import assert_refused, fresh, in_threads, unchanged
from tests.settling import settle_in_cash

FINANCE = (*VIEWER, "payments.change_payment")
STEPS = ("settle", "collect", "withdraw", "refund", "giveCredit")
PART = {"amount": 333, "reason": "Came late"}


@pytest.fixture
def due(completed: Ride) -> Payment:
    """$10."""
    return Payment.objects.get(ride=completed)


@pytest.fixture
def paid(due: Payment, staff: Any) -> Payment:
    settle_in_cash(due, actor=staff, now=timezone.now())
    found: Payment = fresh(due)
    return found


def path(row: Payment, step: str) -> str:
    return f"/staffApi/payment/{row.pk}/{step}"


def recorded() -> list[tuple[str, str, str]]:
    return [(row.action, row.detail, row.reason) for row in StaffAction.objects.order_by("number")]


def test_refund_a_part(paid: Payment) -> None:
    clerk, api = make_desk(rights=FINANCE)
    answer = api.post(path(paid, "refund"), PART, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["status"], found["refundedAmount"], found["waitsForApproval"]) == ("partially_refunded", 333, False)
    assert (Refund.objects.get().amount, Refund.objects.get().actor) == (333, clerk)
    assert recorded() == [("refund", "minor_units 333", "Came late")]
    with unchanged():
        assert api.post(path(paid, "refund"), PART, headers={"Idempotency-Key": "k"}).json() == found


def test_and_the_rest(paid: Payment) -> None:
    api = desk_api(rights=FINANCE)
    api.post(path(paid, "refund"), PART)
    assert api.post(path(paid, "refund")).json()["refundedAmount"] == 1000
    with unchanged():
        assert_refused(api.post(path(paid, "refund"), {"amount": 1}), 409, "not_paid")


def test_above_the_limit_somebody_else_has_to_approve_it(paid: Payment, settings: Any) -> None:
    settings.MANUAL_ENTRY_LIMITS = {"usd": 332}
    found = desk_api(rights=FINANCE).post(path(paid, "refund"), PART).json()
    assert (found["refundedAmount"], found["waitsForApproval"]) == (0, True)
    assert ManualEntry.objects.filter(status="proposed").count() == 1


def test_settle(due: Payment) -> None:
    api = desk_api(rights=FINANCE)
    with unchanged():
        assert_refused(api.post(path(due, "settle")), 400, "invalid", "reason")
    found = api.post(path(due, "settle"), {"reason": "Cash"}).json()
    assert (found["status"], found["waitsForApproval"]) == ("paid", False)


def test_give_credit(due: Payment) -> None:
    clerk, api = make_desk(rights=FINANCE)
    assert api.post(path(due, "giveCredit"), PART).status_code == 200
    assert (Credit.objects.get().amount, Credit.objects.get().actor) == (333, clerk)
    assert recorded() == [("apologize", "minor_units 333", "Came late")]
    with unchanged():
        assert_refused(api.post(path(due, "giveCredit"), {"reason": "Came late"}), 400, "required", "amount")


def test_collect_and_withdraw(due: Payment) -> None:
    api = desk_api(rights=FINANCE)
    with unchanged():
        assert_refused(api.post(path(due, "collect")), 409, "not_frozen")
        assert_refused(api.post(path(due, "withdraw")), 409, "nothing_to_withdraw")
    Payment.objects.filter(pk=due.pk).update(frozen=True)
    assert api.post(path(due, "collect"), {"reason": "It took place"}).json()["frozen"] is False


@pytest.mark.parametrize("step", STEPS)
def test_only_with_the_right(paid: Payment, user_api: Any, step: str) -> None:
    api = desk_api(rights=VIEWER)
    with unchanged():
        for who in (api, user_api):
            assert_refused(who.post(path(paid, step), PART), 403, "permission_denied")


@pytest.mark.parametrize("step", STEPS)
def test_one_of_another_region_is_not_there(paid: Payment, boston: Region, step: str) -> None:
    api = desk_api(boston, rights=FINANCE)
    with unchanged():
        assert_refused(api.post(path(paid, step), PART), 404, "not_found")


@pytest.mark.parametrize("step", ["refund", "giveCredit"])
def test_money_asks_who_it_is(paid: Payment, settings: Any, step: str) -> None:
    clerk, api = make_desk(rights=FINANCE)
    long_ago = timezone.now() - timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1)
    AuthToken.objects.filter(user=clerk).update(created=long_ago)
    with unchanged():
        assert_refused(api.post(path(paid, step), PART), 403, "reauthentication_required")


@pytest.mark.django_db(transaction=True)
def test_two_refunds_of_all_at_the_same_time(paid: Payment) -> None:
    api = desk_api(rights=FINANCE)
    said = {"amount": 1000, "reason": "Came late"}
    calls = [lambda key=key: api.post(path(paid, "refund"), said, headers={"Idempotency-Key": key}) for key in "ab"]  # type: ignore[misc]
    answers = in_threads(*calls)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert fresh(paid).refunded_amount == 1000


def test_many(paid: Payment) -> None:
    said = {"paymentIds": [str(paid.pk), "019a8f5e-6f00-7000-8000-000000000001"], **PART}
    outcomes = desk_api(rights=FINANCE).post("/staffApi/payment/refund", said).json()["outcomes"]
    assert [(each["outcome"], each["code"]) for each in outcomes] == [("done", None), ("refused", "not_found")]
