"""Promotion codes become credit, within every limit of theirs."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from ops.audit import all_checks
from payments.books.credits import Grant, give, sweep_credits
from payments.models import Credit, PromotionCode
from payments.states import CreditKind
from regions.models import Region
from rides.models import Ride
from risk.states import TraceKind
from risk.traces import leave_trace
from tests.cast import Clock, accept, assert_refused, end, fresh, match, open_offer, start, submit, unchanged
from tests.online import later
from tests.online_scenes import fare_of


@pytest.fixture
def code(nyc: Region, clock: Clock) -> PromotionCode:
    """$5 for everybody once, until $12 are given."""
    return PromotionCode.objects.create(
        code="HELLO-NYC", amount=500, currency="usd", budget_amount=1200, starts_at=clock.now - timedelta(days=1)
    )


def use(client: APIClient, code: str = "HELLO-NYC", **headers: str) -> Any:
    return client.post("/credit/code", {"code": code}, headers=headers)


def change(code: PromotionCode, **terms: Any) -> None:
    PromotionCode.objects.filter(pk=code.pk).update(**terms)


def broken(clock: Clock) -> list[str]:
    """The promises that the rows break."""
    return [check.name for check in all_checks() if check.look(clock.now).wrong]


def test_a_code_becomes_credit(user: User, user_api: APIClient, code: PromotionCode, clock: Clock) -> None:
    answer = use(user_api, " hello-nyc ")
    assert answer.status_code == 201
    assert answer.json()["referral"] is None
    body = answer.json()["credit"]
    assert (body["kind"], body["amount"], body["left"], body["currency"]) == ("promotion", 500, 500, "usd")
    assert (Credit.objects.get().user, fresh(code).given_amount) == (user, 500)
    assert Credit.objects.get().expires_at == clock.now + timedelta(days=30)
    assert broken(clock) == []


def test_once_for_each_person(user_api: APIClient, other_user_api: APIClient, code: PromotionCode) -> None:
    assert use(user_api).status_code == 201
    with unchanged():
        assert_refused(use(user_api), 409, "code_used")
    assert use(other_user_api).status_code == 201


def test_as_often_as_the_code_says(user_api: APIClient, code: PromotionCode) -> None:
    change(code, per_person=2)
    assert [use(user_api).status_code for _ in range(3)] == [201, 201, 409]


@pytest.mark.parametrize("kind", [TraceKind.CARD, TraceKind.DEVICE])
def test_accounts_with_one_card_or_device_are_one_person(
    user: User, other_user: User, user_api: APIClient, other_user_api: APIClient, code: PromotionCode,
    kind: TraceKind, clock: Clock,
) -> None:  # fmt: skip
    for account in (user, other_user):
        leave_trace(account.pk, kind, "shared", now=clock.now)
    assert use(user_api).status_code == 201
    with unchanged():
        assert_refused(use(other_user_api), 409, "code_used")


def test_the_budget_is_never_overdrawn(
    user_api: APIClient, other_user_api: APIClient, outsider_api: APIClient, code: PromotionCode
) -> None:
    assert [use(client).status_code for client in (user_api, other_user_api)] == [201, 201]
    with unchanged():
        assert_refused(use(outsider_api), 409, "code_used_up")
    with pytest.raises(IntegrityError), transaction.atomic():
        change(code, given_amount=1201)


def test_a_repeated_call_gives_once(user_api: APIClient, code: PromotionCode) -> None:
    first, again = (use(user_api, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert Credit.objects.count() == 1


@pytest.mark.parametrize("why", ["unknown", "inactive", "early", "over"])
def test_what_is_no_code_now(user_api: APIClient, code: PromotionCode, clock: Clock, why: str) -> None:
    change(
        code,
        active=why != "inactive",
        starts_at=clock.now + timedelta(seconds=1 if why == "early" else -99),
        ends_at=clock.now if why == "over" else None,
    )
    with unchanged():
        assert_refused(use(user_api, "HELLO-ALL" if why == "unknown" else code.code), 404, "code_unknown", "code")


@pytest.mark.parametrize("code_sent", ["", "x" * 25, "a\u0000b", 7, None])
def test_what_can_be_no_code(user_api: APIClient, code: PromotionCode, code_sent: Any) -> None:
    with unchanged():
        assert user_api.post("/credit/code", {"code": code_sent}).status_code == 400


def test_guessing_is_throttled(user_api: APIClient, code: PromotionCode, settings: Settings) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {**rates, "code": "3/hour"}}
    assert [use(user_api, f"GUESS-{n}").status_code for n in range(4)] == [404, 404, 404, 429]
    with unchanged():
        answer = use(user_api)  # even a right one, so that nothing is learned
    assert_refused(answer, 429, "throttled")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("who", ["anonymous", "partner", "staff"])
def test_codes_are_for_users(api_of: Any, code: PromotionCode, who: str) -> None:
    client = api_of(who)
    with unchanged():
        assert use(client).status_code in (401, 403)


# ---------------------------------------------------------------- first cheers and shares


def test_a_first_cheer_only(user: User, user_api: APIClient, completed: Ride, code: PromotionCode) -> None:
    change(code, first_cheer=True)
    with unchanged():
        assert_refused(use(user_api), 409, "not_first_cheer")


def test_one_code_for_a_first_cheer(user_api: APIClient, code: PromotionCode, clock: Clock) -> None:
    change(code, first_cheer=True)
    PromotionCode.objects.create(
        code="FIRST", amount=500, currency="usd", budget_amount=9000, first_cheer=True, starts_at=clock.now
    )
    assert use(user_api).status_code == 201
    with unchanged():
        assert_refused(use(user_api, "FIRST"), 409, "code_used")


def test_credit_for_a_first_cheer_pays_the_first(
    user_api: APIClient, running: Ride, code: PromotionCode, clock: Clock
) -> None:
    change(code, first_cheer=True)
    assert use(user_api).json()["credit"]["firstCheer"] is True
    assert fare_of(end(running)).credit_amount == 500


def test_and_no_second(user: User, completed: Ride, nyc: Region, clock: Clock) -> None:
    with transaction.atomic():
        give(Grant(user.pk, CreditKind.APOLOGY, 500, "usd", first_cheer=True), now=clock.now)
    request = submit(user)
    match(nyc)
    assert fare_of(end(start(accept(open_offer(request))))).credit_amount == 0


def test_a_share_of_one_fare(
    user_api: APIClient, running: Ride, partner: Partner, code: PromotionCode, clock: Clock
) -> None:
    change(code, share_bps=2500, amount=800, budget_amount=800)
    assert use(user_api).json()["credit"]["shareBps"] == 2500
    assert fresh(code).given_amount == 800
    fare = fare_of(end(running))
    credit = Credit.objects.get()
    assert (fare.credit_amount, credit.left, credit.ended) == (250, 0, 550)
    assert fresh(code).given_amount == 250  # the budget has the rest again
    assert broken(clock) == []


def test_what_expires_goes_back_to_the_budget(user_api: APIClient, code: PromotionCode, clock: Clock) -> None:
    assert use(user_api).status_code == 201
    later(clock, days=31)
    sweep_credits(clock.now)
    assert fresh(code).given_amount == 0
    assert broken(clock) == []


def test_the_audit_finds_a_budget_that_does_not_add_up(user_api: APIClient, code: PromotionCode, clock: Clock) -> None:
    assert use(user_api).status_code == 201
    change(code, given_amount=499)
    assert broken(clock) == ["budgets_count_what_is_given"]
