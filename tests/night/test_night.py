"""A night in which a region loses its partners, told from the last quiet hour to what everything says at dawn.

All parts are real: the program with its processes, PostgreSQL, Valkey, a mail server, a receiver of webhooks, and the
card provider's stand-in. Whoever acts does so over HTTP and sockets; the rows are only read.
"""

from collections.abc import Iterator

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.night import dawn, program
from tests.night.scenes import Night

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),  # seconds, on a machine that is busy with other work
    pytest.mark.skipif(connection.vendor != "postgresql", reason="its PostgreSQL is restarted"),
]


@pytest.fixture
def night(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Night]:
    """Everybody is there, and nothing has happened yet."""
    with django_db_blocker.unblock(), program.running() as running:
        told = Night(running)
        try:
            yield told
        finally:
            told.end()


def test_a_night(night: Night) -> None:
    night.the_evening_is_quiet()

    night.the_region_loses_its_partners()
    night.the_alert_reaches_a_mailbox_and_a_webhook()
    night.nora_takes_it_on()
    night.the_requests_die()

    night.boston_sees_nothing_of_it()
    night.nora_gives_the_region_more_patience()
    night.a_partner_is_asked_for_bob()
    night.a_partner_is_sent_to_carla()
    night.ada_is_given_her_money_back()
    night.postgres_restarts_while_forty_are_requeued()
    night.the_partners_come_back()

    dawn.the_alerts_are_over(night)
    dawn.the_attempts_say_why_nobody_came(night)
    dawn.each_request_has_one_history(night)
    dawn.each_offer_has_its_decision(night)
    dawn.the_staff_actions_say_who_did_what_and_why(night)
    dawn.the_ledger_says_who_paid(night)
    dawn.the_users_see_it_on_their_pages(night)
    dawn.boston_was_never_told(night)
    dawn.the_audit_finds_nothing(night)
