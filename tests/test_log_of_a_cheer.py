"""How much PostgreSQL writes to its log for a cheer. `bench.cheer` measures it on the running program."""

import pytest
from django.db import connection
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from accounts.models import Partner
from tests.cheer_calls import caller, cheer

CHEERS = 5
BYTES_MAX = 30_000  # of a cheer


def logged_bytes() -> int:
    """The bytes that this test's connection has written to the log, without those of the server's other processes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT wal_bytes FROM pg_stat_get_backend_wal(pg_backend_pid())")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_how_much_log_a_cheer_costs(
    user_api: APIClient, partner_api: APIClient, partner: Partner, settings: Settings
) -> None:
    settings.MIN_SESSION_S = 0
    call = caller(user_api, partner_api)
    cheer(call)
    before = logged_bytes()
    for _ in range(CHEERS):
        cheer(call)
    each = (logged_bytes() - before) / CHEERS
    assert 5_000 < each < BYTES_MAX, f"{each:.0f} bytes a cheer"
