"""A cheer, end to end: the real processes, a real worker, real sockets."""

import asyncio
from uuid import uuid4

import pytest
import websockets

from testbed.stack import Stack, running_stack
from tests.e2e.client import TIMES_SQUARE, Phone

pytestmark = pytest.mark.e2e


async def go_online(partner: Phone, lat: float, lng: float) -> None:
    await partner.post("/updateLocation", {"location": {"lat": lat, "lng": lng}}, 204)
    await partner.post("/partner/status", {"status": "available"})


async def test_a_cheer_from_request_to_receipt(stack: Stack) -> None:
    async with (
        Phone(stack.url, "user1@demo.test") as user,
        Phone(stack.url, "partner1@demo.test") as partner,
        user.socket("/user/notification") as told,
        partner.socket("/partner/notification") as line,
    ):
        await go_online(partner, 40.7581, -73.9850)
        body = {"location": TIMES_SQUARE, "requestType": "pep_talk", "note": "red coat"}
        request = await user.post("/cheerRequest", body, 201)
        assert request["status"] == "pending"
        await user.post("/cheerRequest", body, 409)

        offer = (await line.until("offer", requestId=request["requestId"]))["offer"]
        assert offer["location"] == TIMES_SQUARE
        assert offer["note"] == "red coat"
        assert offer["distanceM"] < 100
        await line.send(type="accept", offerId=offer["offerId"], id="a1")
        answer = await line.until("answer", id="a1")
        ride_id = answer["ride"]["rideId"]
        seen = (await told.until("request.updated", status="accepted"))["request"]
        assert seen["partner"]["name"] == "Partner 1"
        held = await told.until("partner.location")
        assert held["location"] == {"lat": 40.7581, "lng": -73.9850}

        await line.send(type="location", location={"lat": 40.7579, "lng": -73.9854})
        moved = await told.until("partner.location")
        assert moved["location"] == {"lat": 40.7579, "lng": -73.9854}

        await partner.post("/rideArrive", {"rideId": ride_id})
        arrived = (await told.until("ride.updated"))["ride"]
        assert arrived["arrivedAt"] is not None
        started = await partner.post("/rideStart", {"rideId": ride_id})
        assert started["status"] == "in_progress"
        await told.until("ride.updated", status="in_progress")
        ended = await partner.post("/rideEnd", {"rideId": ride_id})
        assert ended["fare"] == {"amount": 1000, "currency": "usd"}
        due = (await told.until("payment.updated", status="due"))["payment"]
        assert due["amount"] == 1000
        await told.until("ride.updated", status="completed")

        receipt = await user.get(f"/ride/{ride_id}/receipt")
        assert receipt["total"] == {"amount": 1000, "currency": "usd"}
        assert (await user.get(f"/cheerRequest/{request['requestId']}"))["status"] == "completed"
        await partner.get(f"/cheerRequest/{request['requestId']}", 404)
        await partner.post("/partner/status", {"status": "offline"})
        for one in (told, line):
            assert one.seqs == list(range(one.seqs[0], one.seqs[0] + len(one.seqs)))
    stack.manage("audit")


async def test_a_declined_offer_goes_to_the_next_nearest(stack: Stack) -> None:
    async with (
        Phone(stack.url, "user1@demo.test") as user,
        Phone(stack.url, "partner1@demo.test") as near,
        Phone(stack.url, "partner5@demo.test") as far,
        near.socket("/partner/notification") as near_line,
        far.socket("/partner/notification") as far_line,
    ):
        await go_online(near, 40.7582, -73.9855)
        await go_online(far, 40.7620, -73.9855)
        request = await user.post("/cheerRequest", {"location": TIMES_SQUARE}, 201)
        first = await near_line.until("offer", requestId=request["requestId"])
        await near.post("/rideDecline", {"offerId": first["offerId"], "reason": "lunch"}, 204)
        second = await far_line.until("offer", requestId=request["requestId"])
        await far.post("/rideDecline", {"offerId": second["offerId"]}, 204)
        await user.post(f"/cheerRequest/{request['requestId']}/cancel")
        for partner in (near, far):
            await partner.post("/partner/status", {"status": "offline"})


async def test_an_unanswered_offer_expires_and_a_partner_coming_online_is_asked_at_once(stack: Stack) -> None:
    async with (
        Phone(stack.url, "user4@demo.test") as user,
        Phone(stack.url, "partner1@demo.test") as silent,
        Phone(stack.url, "partner5@demo.test") as late,
        silent.socket("/partner/notification") as silent_line,
        late.socket("/partner/notification") as late_line,
    ):
        await go_online(silent, 40.7582, -73.9855)
        request = await user.post("/cheerRequest", {"location": TIMES_SQUARE}, 201)
        offer = await silent_line.until("offer", requestId=request["requestId"])
        gone = await silent_line.until("offer.rescinded", offerId=offer["offerId"])
        assert gone["reason"] == "expired"
        await silent.post("/rideAccept", {"offerId": offer["offerId"]}, 409)
        await go_online(late, 40.7600, -73.9855)
        await late_line.until("offer", requestId=request["requestId"])
        await late.post("/partner/status", {"status": "offline"})
        await user.post(f"/cheerRequest/{request['requestId']}/cancel")
        await silent.post("/partner/status", {"status": "offline"})


async def test_a_request_that_nobody_can_take_is_dead_lettered() -> None:
    with running_stack(REQUEST_PATIENCE_S="2") as stack:
        await _is_dead_lettered(stack)


async def _is_dead_lettered(stack: Stack) -> None:
    async with Phone(stack.url, "user4@demo.test") as user, user.socket("/user/notification") as told:
        # Staten Island's tip, further from every partner than the widest radius.
        request = await user.post("/cheerRequest", {"location": {"lat": 40.51, "lng": -74.24}}, 201)
        dead = (await told.until("request.updated", status="no_match"))["request"]
        assert (dead["requestId"], dead["reason"]) == (request["requestId"], "no_partner_nearby")


async def test_the_same_key_asks_once_even_at_once(stack: Stack) -> None:
    key, body = str(uuid4()), {"location": {"lat": 40.51, "lng": -74.24}}
    async with Phone(stack.url, "user5@demo.test") as user:
        calls = [user.post("/cheerRequest", body, 201, **{"Idempotency-Key": key}) for _ in range(5)]
        answers = await asyncio.gather(*calls)
        assert len({answer["requestId"] for answer in answers}) == 1
        await user.post(f"/cheerRequest/{answers[0]['requestId']}/cancel")


async def test_whoever_reconnects_misses_nothing(stack: Stack) -> None:
    async with Phone(stack.url, "user5@demo.test") as user:
        async with user.socket("/user/notification") as told:
            before = told.hello["seq"]
        request = await user.post("/cheerRequest", {"location": {"lat": 40.51, "lng": -74.24}}, 201)
        await user.post(f"/cheerRequest/{request['requestId']}/cancel")
        async with user.socket("/user/notification", f"?after={before}") as told:
            assert told.hello["resumed"] is True
            missed = [await told.receive() for _ in range(told.hello["seq"] - before)]
            assert [frame["seq"] for frame in missed] == list(range(before + 1, told.hello["seq"] + 1))
            assert [frame["request"]["status"] for frame in missed][-1] == "cancelled"


async def test_a_ticket_opens_one_socket(stack: Stack) -> None:
    async with Phone(stack.url, "user5@demo.test") as user:
        ticket = (await user.post("/socketTicket", None, 201))["ticket"]
        address = stack.ws_url + f"/user/notification?ticket={ticket}"
        async with websockets.connect(address) as first:
            assert '"hello"' in await first.recv()
        async with websockets.connect(address) as second:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await second.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401


async def test_a_foreign_page_is_refused(stack: Stack) -> None:
    async with Phone(stack.url, "user5@demo.test") as user:
        with pytest.raises(websockets.InvalidStatus):
            async with websockets.connect(
                stack.ws_url + "/user/notification",
                origin=websockets.Origin("https://evil.example"),
                additional_headers={"Authorization": f"Bearer {user.token}"},
            ):
                pass
