"""An account's sockets together send only so much, however often it reconnects."""

from typing import Any

import pytest
from django.conf import settings

from accounts.models import Partner
from core import floods, valkey
from notifications import limits
from notifications.tests.sockets.client import PARTNER, USER, Socket, aside
from requests_app.models import Offer
from tests.cast import north

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of each kind."""
    three = dict.fromkeys(("status", "command", "position"), "3/hour")
    known = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], **three}
    monkeypatch.setitem(settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES", known)


STATUS = {"type": "status", "status": "offline", "id": 1}
ACCEPT = {"type": "accept", "offerId": "00000000-0000-7000-8000-000000000000", "id": 1}
DECLINE = {**ACCEPT, "type": "decline", "reason": ""}
LOCATION = {"type": "location", "location": dict(zip(("lat", "lng"), north(500), strict=True)), "id": 1}


async def throttled(socket: Socket, command: dict[str, Any]) -> bool:
    """Whether a command is refused as one too many."""
    await socket.send(**command)
    answer = await socket.expect("client_error" if command in (ACCEPT, DECLINE) else "answer")
    return bool(answer.get("errors") and answer["errors"][0]["code"] == "throttled")


async def refusal(socket: Socket, command: dict[str, Any]) -> dict[str, Any]:
    await socket.send(**command)
    return await socket.expect("client_error")


@pytest.mark.parametrize("command", [STATUS, ACCEPT, DECLINE, LOCATION], ids=lambda command: command["type"])
async def test_commands_are_counted_also_over_a_new_connection(
    rates: None, partner_token: str, command: dict[str, Any]
) -> None:
    for _ in range(3):
        socket = Socket(PARTNER, partner_token)
        await socket.open()
        assert not await throttled(socket, command)
        await socket.leave()
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    refused = await refusal(socket, command)
    assert (refused["errors"][0]["code"], refused["id"]) == ("throttled", 1)
    assert (await refusal(socket, command))["errors"][0]["code"] == "throttled"
    await socket.send(type="ping")
    assert await socket.expect("pong")
    await socket.leave()


async def test_one_too_many_changes_nothing(rates: None, partner: Partner, partner_token: str) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    for status in ("offline", "available", "offline"):
        await socket.send(type="status", status=status)
        await socket.expect("answer")
    await refusal(socket, {"type": "status", "status": "available"})
    await aside(partner.refresh_from_db)()
    assert partner.status == "offline"
    await socket.leave()


async def test_other_processes_count_too(rates: None, partner_token: str) -> None:
    socket = Socket(PARTNER, partner_token)
    await socket.open()
    for _ in range(3):
        limits.floods.clear()  # as if each had come to another process
        await socket.send(**STATUS)
        await socket.expect("answer")
    limits.floods.clear()
    assert (await refusal(socket, STATUS))["errors"][0]["code"] == "throttled"
    await socket.leave()


async def test_they_are_counted_while_valkey_is_away(
    rates: None, partner_token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise valkey.Unreachable

    socket = Socket(PARTNER, partner_token)
    await socket.open()
    monkeypatch.setattr("api.throttles.valkey.client", away)
    for _ in range(3):
        await socket.send(**ACCEPT)
        assert (await socket.expect("client_error"))["errors"][0]["code"] != "throttled"
    assert (await refusal(socket, ACCEPT))["errors"][0]["code"] == "throttled"
    await socket.leave()


async def test_accounts_are_counted_apart(
    rates: None, partner_token: str, other_partner: Partner, offer: Offer
) -> None:
    from_one = Socket(PARTNER, partner_token)
    await from_one.open()
    for _ in range(4):
        await from_one.send(**ACCEPT)
        await from_one.expect("client_error")
    for number in range(4):
        assert (limits.floods.hit(("command", str(other_partner.user.pk)), 3, 3600) is None) is (number < 3)
    await from_one.leave()


async def test_a_flood_does_not_begin_anew_with_a_new_connection(user_token: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "FRAMES_MAX", 5)
    for _ in range(5):
        socket = Socket(USER, user_token)
        await socket.open()
        await socket.send(type="ping")
        await socket.expect("pong")
        await socket.leave()
    socket = Socket(USER, user_token)
    await socket.open()
    await socket.send(type="ping")
    assert await socket.closed() == 1008


def test_counts_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floods, "FORGET_ABOVE", 10)
    kept = floods.Floods()
    assert kept.hit("long", 1, 3600) is None
    for number in range(1000):
        kept.hit(number, 1, 0.0)
    assert len(kept._floods) < 50
    assert kept.hit("long", 1, 3600) is not None
