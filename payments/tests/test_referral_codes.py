"""A user has one code for friends, and a newcomer enters one, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from payments.models import Credit, PromotionCode, Referral, ReferralCode
from payments.tests.referral_scenes import enter, served
from regions.models import Region
from risk.states import TraceKind
from risk.traces import leave_trace
from tests.cast import (
    Clock,
    assert_refused,
    client_of,
    make_user,
    unchanged,
)


@pytest.fixture(autouse=True)
def _on(settings: Settings) -> None:
    settings.REFERRAL_CREDITS = {"usd": 500, "eur": 400}


@pytest.fixture
def code(user: User, user_api: APIClient) -> str:
    """The code with which the user invites friends."""
    return str(user_api.post("/referral").json()["code"])


# ---------------------------------------------------------------- the own code


def test_a_user_has_one_code(user: User, user_api: APIClient) -> None:
    assert user_api.get("/referral").json() == {
        "code": None,
        "credits": [{"amount": 400, "currency": "eur"}, {"amount": 500, "currency": "usd"}],
        "waiting": 0,
        "given": 0,
        "perYear": 20,
        "entered": None,
    }
    made = user_api.post("/referral")
    assert made.status_code == 200
    assert len(made.json()["code"]) == 8
    with unchanged():
        assert user_api.post("/referral").json() == made.json() == user_api.get("/referral").json()
    assert ReferralCode.objects.get().user == user


@pytest.mark.parametrize("who", ["anonymous", "partner", "staff"])
def test_friends_are_invited_by_users(api_of: Any, who: str) -> None:
    client = api_of(who)
    with unchanged():
        for answer in (client.get("/referral"), client.post("/referral")):
            assert answer.status_code in (401, 403)


def test_off_by_default(user_api: APIClient, other_user_api: APIClient, code: str, settings: Settings) -> None:
    settings.REFERRAL_CREDITS = {}
    with unchanged():
        assert_refused(user_api.get("/referral"), 409, "referrals_off")
        assert_refused(user_api.post("/referral"), 409, "referrals_off")
        assert_refused(enter(other_user_api, code), 404, "code_unknown", "code")


# ---------------------------------------------------------------- a friend's code


def test_a_friends_code_is_entered_where_promotion_codes_are(
    other_user: User, user_api: APIClient, other_user_api: APIClient, code: str
) -> None:
    answer = enter(other_user_api, f" {code.lower()} ")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["credit"], body["referral"]["status"]) == (None, "waiting")
    assert Referral.objects.get().newcomer == other_user
    assert other_user_api.get("/referral").json()["entered"] == "waiting"
    assert user_api.get("/referral").json()["waiting"] == 1
    assert not Credit.objects.exists()


def test_it_is_entered_once(other_user_api: APIClient, outsider_api: APIClient, code: str) -> None:
    assert enter(other_user_api, code).status_code == 201
    another = outsider_api.post("/referral").json()["code"]
    for again in (code, another):
        with unchanged():
            assert_refused(enter(other_user_api, again), 409, "code_used")


def test_nobody_invites_themselves(user: User, user_api: APIClient, code: str) -> None:
    with unchanged():
        assert_refused(enter(user_api, code), 409, "own_code", "code")
    with pytest.raises(IntegrityError), transaction.atomic():
        Referral.objects.create(newcomer=user, referrer=user, created_at=timezone.now())


@pytest.mark.parametrize("kind", [TraceKind.CARD, TraceKind.DEVICE])
def test_accounts_with_one_card_or_device_are_one_person(
    user: User, other_user: User, outsider: User, other_user_api: APIClient, outsider_api: APIClient, code: str,
    kind: TraceKind, clock: Clock,
) -> None:  # fmt: skip
    for account in (user, other_user):
        leave_trace(account.pk, kind, "shared", now=clock.now)
    with unchanged():
        assert_refused(enter(other_user_api, code), 409, "own_code", "code")
    assert enter(outsider_api, code).status_code == 201
    third = make_user("Third")
    for account in (outsider, third):
        leave_trace(account.pk, kind, "another", now=clock.now)
    with unchanged():
        assert_refused(enter(client_of(third), code), 409, "code_used")


def test_only_before_the_first_cheer(
    other_user: User, other_user_api: APIClient, code: str, partner: Partner, nyc: Region, clock: Clock
) -> None:
    served(other_user, nyc)
    with unchanged():
        assert_refused(enter(other_user_api, code), 409, "not_first_cheer")


def test_guessing_is_throttled_like_other_codes(other_user_api: APIClient, code: str, settings: Settings) -> None:
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {**rates, "code": "3/hour"}}
    assert [enter(other_user_api, f"GUESS-{n}").status_code for n in range(4)] == [404, 404, 404, 429]
    with unchanged():
        assert_refused(enter(other_user_api, code), 429, "throttled")


def test_a_promotion_code_comes_before_a_friends_code_of_its_name(
    other_user_api: APIClient, code: str, clock: Clock
) -> None:
    terms = {"amount": 300, "currency": "usd", "budget_amount": 900, "starts_at": clock.now - timedelta(days=1)}
    PromotionCode.objects.create(code=code, **terms)
    assert enter(other_user_api, code).json()["credit"]["amount"] == 300
