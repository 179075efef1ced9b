"""What clients send, and what they are answered."""

from typing import Any

import pytest

from accounts.models import Partner, User
from notifications.models import Stream
from notifications.tests.sockets.client import PARTNER, USER, Frame, Socket, aside, eventually, tell
from requests_app.models import Offer
from tests.cast import accept, fresh, token_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_ping(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ping")
    assert await socket.next() == {"type": "pong"}
    for id in ("a", 7, "x" * 64):
        await socket.send(type="ping", id=id)
        assert await socket.next() == {"type": "pong", "id": id}
    await socket.leave()


async def test_acknowledgements_are_written_down(user: User, user_token: str) -> None:
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ack", seq=2)

    def acked() -> int:
        return Stream.objects.get(recipient=f"user:{user.pk}").acked_seq

    await eventually(aside(acked), 2)
    await socket.leave()


@pytest.mark.parametrize("seq", [4, -1, None, "2", 1.0, True, [1]])
async def test_of_what_was_never_sent(user: User, user_token: str, seq: Any) -> None:
    await aside(tell)(f"user:{user.pk}", *"abc")
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ack", seq=seq, id=5)
    error = await socket.next()
    assert (error["type"], error["id"], error["errors"][0]["attr"]) == ("client_error", 5, "seq")
    await socket.nothing_else()
    await socket.leave()


async def test_decline_and_status(partner: Partner, partner_token: str, offer: Offer) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="decline", offerId=str(offer.pk), id="d")
    assert await socket.expect("answer") == {"type": "answer", "command": "decline", "id": "d"}
    assert (await aside(fresh)(offer)).status == "declined"
    await socket.send(type="status", status="offline", id="s")
    answer = await socket.expect("answer")
    assert (answer["id"], answer["partner"]["status"]) == ("s", "offline")
    assert (await aside(fresh)(partner)).status == "offline"
    await socket.leave()


async def test_a_location_is_answered_only_where_it_has_an_id(partner: Partner, partner_token: str) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="location", location={"lat": 40.75, "lng": -73.98})
    await socket.nothing_else()
    await socket.send(type="location", location={"lat": 40.76, "lng": -73.98}, id=9)
    assert await socket.next() == {"type": "answer", "command": "location", "id": 9}
    await socket.leave()


@pytest.mark.parametrize(
    ("frame", "type", "code", "attr"),
    [
        ({"type": "accept"}, "validation_error", "invalid", None),
        ({"type": "accept", "offerId": "x"}, "validation_error", "invalid", "offerId"),
        ({"type": "accept", "offerId": "019a8f5e-6f00-7000-8000-000000000001"}, "client_error", "not_found", None),
        ({"type": "decline"}, "validation_error", "required", "offerId"),
        ({"type": "status", "status": "busy"}, "validation_error", "invalid_choice", "status"),
        ({"type": "location"}, "validation_error", "required", "location"),
        ({"type": "location", "location": {"lat": 91, "lng": 0}}, "validation_error", "max_value", "location.lat"),
        ({"type": "start"}, "client_error", "unknown_type", "type"),
        ({"type": "hello"}, "client_error", "unknown_type", "type"),
        ({"type": 5}, "client_error", "required", "type"),
        ({}, "client_error", "required", "type"),
    ],
)
async def test_an_error_has_the_one_shape_and_the_id_and_the_socket_lives_on(
    partner_token: str, frame: Frame, type: str, code: str, attr: str | None
) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(**frame, id="mine")
    error = await socket.next()
    assert set(error) == {"type", "errors", "id"}
    assert (error["type"], error["id"]) == (type, "mine")
    found = error["errors"][0]
    assert set(found) == {"code", "detail", "attr"}
    assert found["code"] == code
    assert found["attr"] == attr or attr is None
    await socket.nothing_else()
    await socket.leave()


async def test_a_conflict_names_why(partner: Partner, partner_token: str, offer: Offer) -> None:
    await aside(accept)(offer)
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="accept", offerId=str(offer.pk), id=1)
    error = await socket.next()
    assert (error["id"], error["errors"][0]["code"]) == (1, "offer_taken")
    await socket.leave()


async def test_another_partners_offer(other_partner: Partner, offer: Offer) -> None:
    socket = Socket(PARTNER, await aside(token_of)(other_partner.user))
    await socket.open()
    await socket.send(type="accept", offerId=str(offer.pk), id=1)
    assert (await socket.next())["errors"][0]["code"] == "not_found"
    assert (await aside(fresh)(offer)).status == "pending"
    await socket.leave()


@pytest.mark.parametrize(
    ("asked", "sentence"), [("", "A frame needs a type."), ("de-AT", "Ein Frame braucht einen type.")]
)
async def test_a_socket_speaks_as_it_is_asked_to(user_token: str, asked: str, sentence: str) -> None:
    socket = Socket(USER, user_token, **({"accept-language": asked} if asked else {}))
    await socket.open()
    await socket.send(id=1)
    assert (await socket.next())["errors"][0]["detail"] == sentence
    await socket.leave()


async def test_users_have_no_such_commands(user_token: str, offer: Offer) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    for type in ("accept", "decline", "status", "location"):
        await socket.send(type=type, offerId=str(offer.pk))
        assert (await socket.next())["errors"][0]["code"] == "unknown_type"
    await socket.leave()


async def test_a_failure_of_ours_says_no_more(partner_token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests_app.serving.partner_commands.set_status", lambda *_: 1 / 0)
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    await socket.send(type="status", status="offline", id=3)
    error = await socket.next()
    assert (error["type"], error["id"], error["errors"][0]["code"]) == ("server_error", 3, "error")
    assert "division" not in str(error)
    await socket.nothing_else()
    await socket.leave()
