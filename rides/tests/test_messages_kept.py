"""How long messages are kept, who takes them along, and what stays after an account."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Partner, User
from backoffice.tests.desk import desk_of, page_of, url_of
from ops.retention import PRUNED
from rides.contact.services import report_message, send_message
from rides.models import Message, Ride
from tests.cast import Clock, make_clerk
from web.privacy.deletion import delete_account
from web.privacy.holdings import HOLDINGS, Owner


@pytest.fixture
def written(completed: Ride, user: User, partner: Partner, clock: Clock) -> tuple[Message, Message]:
    """A message of each side: the user's, and the partner's."""
    return (
        send_message(user, completed.pk, text="Ada's words", now=clock.now),
        send_message(partner.user, completed.pk, text="Pia's words", now=clock.now),
    )


def held(account: User, section: str) -> list[str]:
    """The texts that a section of the account's data has."""
    [holding] = [each for each in HOLDINGS if each.section == section]
    rows: Any = holding.rows(Owner.of(account))
    return [row.text for row in rows]


def test_each_side_takes_along_what_they_sent_and_what_they_got(
    written: Any, user: User, partner: Partner, outsider: User
) -> None:
    assert (held(user, "messagesSent"), held(user, "messagesReceived")) == (["Ada's words"], ["Pia's words"])
    assert held(partner.user, "messagesSent") == ["Pia's words"]
    assert held(partner.user, "messagesReceived") == ["Ada's words"]
    assert held(outsider, "messagesSent") == held(outsider, "messagesReceived") == []


def test_own_words_go_with_the_account(written: Any, user: User, clock: Clock) -> None:
    delete_account(user, now=clock.now)
    assert list(Message.objects.order_by("number").values_list("text", flat=True)) == ["", "Pia's words"]


def test_reported_words_outlast_the_account(written: Any, user: User, partner: Partner, clock: Clock) -> None:
    report_message(partner.user, written[0].pk, now=clock.now)
    delete_account(user, now=clock.now)
    assert list(Message.objects.order_by("number").values_list("text", flat=True)) == ["Ada's words", "Pia's words"]


def test_they_are_kept_for_days(written: Any, clock: Clock) -> None:
    [pruning] = PRUNED["rides.Message"]
    kept = timedelta(days=settings.MESSAGES_KEPT_DAYS)
    assert pruning.batch(clock.now + kept - timedelta(hours=1), None).pruned == 0
    assert pruning.batch(clock.now + kept + timedelta(hours=1), None).pruned == 2
    assert not Message.objects.exists()


def test_staff_read_what_was_reported_and_nothing_else(written: Any, user: User, clock: Clock) -> None:
    desk = desk_of(make_clerk("Sue", "rides.view_message"))
    assert "words" not in desk.get(url_of(Message, "changelist")).content.decode()
    assert desk.get(page_of(written[1])).status_code == 302
    report_message(user, written[1].pk, now=clock.now)
    assert "Pia&#x27;s words" in desk.get(url_of(Message, "changelist")).content.decode()
    page = desk.get(page_of(written[1])).content.decode()
    assert "Pia&#x27;s words" in page
    assert "Ada&#x27;s words" in page
    assert desk_of(make_clerk("Ron", "rides.view_ride")).get(page_of(written[1])).status_code == 403
