"""An account holds so many tokens; a new one ends the oldest."""

import pytest
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.authentication import token_credential
from accounts.models import SocketTicket, User
from tests.cast import PASSWORD, in_threads


@pytest.fixture(autouse=True)
def _three(settings: Settings) -> None:
    settings.TOKENS_PER_ACCOUNT = 3


def sign_in(user: User) -> APIClient:
    client = APIClient()
    answer = client.post("/login", {"email": user.email, "password": PASSWORD}).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer['token']}")
    return client


def test_many_sign_ins_leave_few_tokens(user: User, other_user: User) -> None:
    other = sign_in(other_user)
    clients = [sign_in(user) for _ in range(5)]
    assert AuthToken.objects.filter(user=user).count() == 3
    assert [client.get("/me").status_code for client in clients] == [401, 401, 200, 200, 200]
    assert other.get("/me").status_code == 200


def test_what_the_oldest_held_ends_with_it(user: User) -> None:
    first = sign_in(user)
    first.post("/socketTicket")
    digest = AuthToken.objects.get(user=user).digest
    assert SocketTicket.objects.filter(credential=token_credential(digest)).count() == 1
    for _ in range(3):
        sign_in(user)
    assert not SocketTicket.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_simultaneous_sign_ins_leave_few_tokens(user: User) -> None:
    in_threads(*[lambda: sign_in(user)] * 10)
    assert AuthToken.objects.filter(user=user).count() == 3
