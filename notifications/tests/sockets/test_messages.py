"""Messages over sockets: live, and replayed to a page that was away, in order and once each."""

import pytest
from django.utils import timezone

from accounts.models import Partner, User
from notifications.hub import Hub
from notifications.tests.sockets.client import PARTNER, USER, Socket, aside, subscribed
from rides.contact.serializers import Mark
from rides.contact.services import mark_messages, send_message
from rides.models import Ride

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_other_side_has_it_and_the_sender_sees_the_mark(
    user: User, partner: Partner, ride: Ride, user_token: str, partner_token: str, own_hub: Hub
) -> None:
    theirs, own = Socket(PARTNER, partner_token), Socket(USER, user_token)
    for socket in (theirs, own):
        await socket.open()
    await subscribed(own_hub)
    now = timezone.now()
    await aside(send_message)(user, ride.pk, text="By the fountain", now=now)
    for socket in (theirs, own):
        frame = await socket.expect("message")
        assert (frame["message"]["text"], frame["message"]["number"]) == ("By the fountain", 1)
    await aside(mark_messages)(partner.user, ride.pk, Mark.READ, up_to=1, now=now)
    frame = await own.expect("message.marked")
    assert (frame["sender"], frame["mark"], frame["upTo"]) == ("user", "read", 1)
    for socket in (theirs, own):
        await socket.leave()


async def test_a_page_that_was_away_is_told_what_it_missed(
    user: User, ride: Ride, partner_token: str, own_hub: Hub
) -> None:
    socket = Socket(PARTNER, partner_token)
    seq = (await socket.open())["seq"]
    await socket.leave()
    for text in "ab":
        await aside(send_message)(user, ride.pk, text=text, now=timezone.now())
    again = Socket(f"{PARTNER}?after={seq}", partner_token)
    assert (await again.open())["resumed"] is True
    frames = [await again.next() for _ in range(2)]
    assert [(frame["seq"], frame["message"]["text"]) for frame in frames] == [(seq + 1, "a"), (seq + 2, "b")]
    await again.nothing_else()
    await again.leave()
