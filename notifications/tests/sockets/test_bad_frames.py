"""Frames that nobody should send are answered with an error; too many of them, or too long ones, close the socket."""

import json

import pytest
from django.conf import settings

from accounts.models import User
from notifications.limits import BAD_FRAMES_MAX, FRAMES_MAX
from notifications.tests.sockets.client import PARTNER, USER, WAIT_S, Socket, aside
from requests_app.models import Offer
from tests.cast import accept

pytestmark = pytest.mark.django_db(transaction=True)


BAD_FRAMES = {
    "no JSON": "{",
    "a list": "[]",
    "a string": '"ping"',
    "NaN": '{"type": NaN}',
    "deep": "[" * 5000,
    "a lone surrogate": '{"type": "\\ud800"}',
    "a long id": json.dumps({"type": "ping", "id": "x" * 65}),
    "an id of another kind": '{"type": "ping", "id": {}}',
    "a truth for an id": '{"type": "ping", "id": true}',
    "an id with a fraction": '{"type": "ping", "id": 1.5}',
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_a_bad_frame_gets_an_error_and_the_socket_lives_on(user_token: str, name: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send_text(BAD_FRAMES[name])
    error = await socket.next()
    assert set(error) == {"type", "errors"}
    assert error["type"] == "client_error"
    await socket.nothing_else()
    await socket.leave()


async def test_a_binary_frame_too(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.link.send_to(bytes_data=b'{"type": "ping"}')
    assert (await socket.next())["errors"][0]["code"] == "invalid"
    await socket.nothing_else()
    await socket.leave()


async def test_a_flood_of_them_closes(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    for _ in range(BAD_FRAMES_MAX + 1):
        await socket.send_text("{")
    assert [(await socket.next())["type"] for _ in range(BAD_FRAMES_MAX + 1)] == ["client_error"] * (BAD_FRAMES_MAX + 1)
    assert await socket.closed() == 1008


async def test_refusals_are_no_bad_frames(partner_token: str, offer: Offer) -> None:
    await aside(accept)(offer)
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    for _ in range(BAD_FRAMES_MAX + 5):
        await socket.send(type="accept", offerId=str(offer.pk))
        assert (await socket.next())["errors"][0]["code"] == "offer_taken"
    await socket.nothing_else()
    await socket.leave()


async def test_a_flood_of_good_ones_closes_too(user_token: str) -> None:
    socket = Socket(USER, user_token)
    await socket.open()
    for _ in range(FRAMES_MAX + 1):
        await socket.send(type="ping")
    assert await socket.closed() == 1008


@pytest.mark.parametrize("letter", ["x", "é"])
async def test_a_frame_over_16_kib_closes(user_token: str, letter: str) -> None:
    frame = json.dumps({"type": "ping", "x": ""}, ensure_ascii=False)
    room = (settings.SOCKET_MAX_FRAME_BYTES - len(frame)) // len(letter.encode())
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send_text(frame[:-2] + letter * room + frame[-2:])
    assert await socket.next() == {"type": "pong"}
    await socket.send_text(frame[:-2] + letter * (room + 1) + frame[-2:])
    assert await socket.closed() == 1008


async def test_before_the_hello_and_after_a_refusal_nothing_is_obeyed(user: User, partner_token: str) -> None:
    socket = Socket(USER, partner_token)
    accepted, _ = await socket.link.connect(timeout=WAIT_S)
    assert accepted
    await socket.send(type="ping")
    assert await socket.closed() == 4403
