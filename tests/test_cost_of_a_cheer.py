"""The statements of each call of a cheer. `bench.cheer` measures the rest of its cost, on the running program."""

from django.db import connection
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts.models import Partner
from tests.cheer_calls import caller, cheer

# PostgreSQL writes a row and its history in one statement.
STATEMENTS = {
    "postgresql": {"/cheerRequest": 8, "/rideAccept": 12, "/rideArrive": 10, "/rideStart": 8, "/rideEnd": 15},
    "sqlite": {"/cheerRequest": 11, "/rideAccept": 16, "/rideArrive": 10, "/rideStart": 9, "/rideEnd": 19},
}


def test_how_many_statements_a_cheer_costs(
    user_api: APIClient, partner_api: APIClient, partner: Partner, settings: Settings
) -> None:
    settings.MIN_SESSION_S = 0  # a session here lasts for a moment; in earnest it would be flagged
    call = caller(user_api, partner_api)
    cheer(call)
    found = cheer(call)
    counts = {path: len(said) for path, said in found.items()}
    assert counts == STATEMENTS[connection.vendor], "\n".join(each for said in found.values() for each in said)
