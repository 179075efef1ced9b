"""`POST /socketTicket`."""

from datetime import datetime
from typing import Any
from unittest.mock import ANY

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import SocketTicket, User
from accounts.socket_tickets import redeem_socket_ticket
from ops.pruner import prune
from tests.cast import Clock, assert_refused, client_of


def redeem(ticket: str) -> User | None:
    return redeem_socket_ticket(ticket, now=timezone.now())[0]


@pytest.mark.parametrize("who", ["user", "partner", "staff"])
def test_any_account_gets_one_that_works_once(api_of: Any, who: str) -> None:
    client: APIClient = api_of(who)
    response = client.post("/socketTicket")
    assert response.status_code == 201
    assert response.json() == {"ticket": ANY, "expiresAt": ANY}
    ticket = response.json()["ticket"]
    account = redeem(ticket)
    assert account is not None
    assert str(account.pk) == client.get("/me").json()["userId"]
    assert redeem(ticket) is None


def test_it_is_good_for_30_seconds(user_api: APIClient, user: User, clock: Clock) -> None:
    early, late = (user_api.post("/socketTicket").json() for _ in range(2))
    assert (datetime.fromisoformat(early["expiresAt"]) - clock.now).total_seconds() == 30
    clock.advance(29.9)
    assert redeem(early["ticket"]) == user
    clock.advance(0.1)
    assert redeem(late["ticket"]) is None


def test_it_is_stored_hashed(user_api: APIClient) -> None:
    ticket = user_api.post("/socketTicket").json()["ticket"]
    assert ticket not in str(list(SocketTicket.objects.values()))


def test_it_does_not_outlive_the_account(user_api: APIClient, user: User) -> None:
    ticket = user_api.post("/socketTicket").json()["ticket"]
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert redeem(ticket) is None


def test_it_does_not_outlive_the_token_that_it_was_had_by(user: User) -> None:
    phone, laptop = client_of(user), client_of(user)
    void, kept = (client.post("/socketTicket").json()["ticket"] for client in (phone, laptop))
    phone.post("/logout")
    assert redeem(void) is None
    assert redeem(kept) == user


def test_nor_the_session(user: User) -> None:
    pages, elsewhere = APIClient(), APIClient()
    for client in (pages, elsewhere):
        client.force_login(user)
    void, kept = (client.post("/socketTicket").json()["ticket"] for client in (pages, elsewhere))
    pages.post("/logout")
    assert redeem(void) is None
    assert redeem(kept) == user


@pytest.mark.parametrize("ticket", ["", "nonsense", "é" * 40, "x" * 10_000])
def test_others_are_worth_nothing(nyc: object, ticket: str) -> None:
    assert redeem(ticket) is None


def test_lapsed_ones_are_swept(user_api: APIClient, clock: Clock) -> None:
    user_api.post("/socketTicket")
    clock.advance(20)
    user_api.post("/socketTicket")
    prune("accounts.SocketTicket", clock.advance(15))
    assert SocketTicket.objects.count() == 1


def test_without_a_token(anonymous: APIClient) -> None:
    assert_refused(anonymous.post("/socketTicket"), 401, "not_authenticated")
    assert not SocketTicket.objects.exists()
