"""A partner at work, against a server that is made up."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from simulator.accounts import Staff
from simulator.habits import FRIENDLY, Habits
from simulator.ledger import Ledger
from simulator.movement import Place, distance_m
from simulator.partner import Partner
from simulator.tests.fakes import NoDelay, api_of, error, no_errors, signed_in, soon

HASTY = dataclasses.replace(FRIENDLY, speed=1000.0, decline=0.0, ignore=0.0)
OFFER = {
    "offerId": "o1",
    "requestId": "q1",
    "location": {"lat": 40.75, "lng": -73.98},
    "distanceM": 100,
    "status": "pending",
}
RIDE = {"rideId": "r1", "requestId": "q1", "status": "en_route"}
FARE = {"amount": 1000, "currency": "usd"}


class Server:
    """Answers every call as a ride that goes well would have it, but for those that are told otherwise."""

    def __init__(self, **otherwise: httpx.Response) -> None:
        self.otherwise = otherwise
        self.calls: list[tuple[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = request.url.path.strip("/")
        self.calls.append((call, json.loads(request.content) if request.content else None))
        if call in self.otherwise:
            return self.otherwise[call]
        body = {"rideAccept": RIDE, "rideEnd": {**RIDE, "fare": FARE}, "cheerRequest/q1": OFFER}.get(call, {})
        return httpx.Response(200, json=body)

    def names(self) -> list[str]:
        return [call for call, _ in self.calls]


@asynccontextmanager
async def at_work(server: Server, habits: Habits = HASTY) -> AsyncIterator[Partner]:
    """A partner whose socket is played by the test."""
    api = api_of(server)
    partner = Partner(
        1,
        signed_in(api),
        staff=Staff(api, email="s", password="p"),
        start=Place(40.76, -73.97),
        home=None,
        habits=habits,
        ledger=Ledger(),
        errors=no_errors(),
        rng=NoDelay(1),
    )
    task = asyncio.create_task(partner.work())
    try:
        yield partner
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def offer_to(partner: Partner) -> None:
    partner.on_frame({"type": "offer", "seq": 1, "offerId": "o1", "offer": OFFER})


async def test_accepts_drives_starts_and_ends() -> None:
    server = Server()
    async with at_work(server) as partner:
        offer_to(partner)
        await soon(lambda: "rideEnd" in server.names())
        await soon(lambda: partner.ride is None)
        assert server.names() == ["rideAccept", "updateLocation", "rideArrive", "rideStart", "rideEnd"]
        assert distance_m(partner.here(), Place(40.75, -73.98)) < 1
        assert partner.ledger.offers == {"made": 1, "accepted": 1}


@pytest.mark.parametrize("habit", ["decline", "ignore"])
async def test_declines_or_lets_an_offer_lapse(habit: str) -> None:
    server = Server()
    async with at_work(server, dataclasses.replace(HASTY, **{habit: 1.0})) as partner:  # type: ignore[arg-type]
        offer_to(partner)
        if habit == "ignore":
            await soon(lambda: partner.ledger.offers["ignored"] == 1)
            partner.on_frame(
                {"type": "offer.rescinded", "seq": 2, "offerId": "o1", "requestId": "q1", "reason": "expired"}
            )
        await soon(lambda: partner.offer is None)
        assert server.names() == (["rideDecline"] if habit == "decline" else [])
        assert partner.ledger.offers["expired"] == (habit == "ignore")


async def test_an_offer_rescinded_while_thinking_is_not_answered() -> None:
    server = Server()
    async with at_work(server, dataclasses.replace(HASTY, speed=10.0)) as partner:
        offer_to(partner)
        partner.on_frame(
            {"type": "offer.rescinded", "seq": 2, "offerId": "o1", "requestId": "q1", "reason": "cancelled"}
        )
        await asyncio.sleep(0.6)
        assert server.calls == []


async def test_who_is_too_late_goes_on() -> None:
    server = Server(rideAccept=error(409, "offer_expired"))
    async with at_work(server) as partner:
        offer_to(partner)
        await soon(lambda: partner.ledger.offers["too late"] == 1)
        await soon(lambda: partner.offer is None)
        del server.otherwise["rideAccept"]
        offer_to(partner)
        await soon(lambda: "rideEnd" in server.names())


async def test_a_ride_called_off_on_the_way_is_dropped() -> None:
    server = Server()
    async with at_work(server, dataclasses.replace(HASTY, speed=30.0)) as partner:
        offer_to(partner)
        await soon(lambda: partner.ride is not None)
        partner.on_frame({"type": "ride.updated", "seq": 2, "rideId": "r1", "ride": {**RIDE, "status": "cancelled"}})
        await asyncio.sleep(0.1)
        assert server.names() == ["rideAccept"]
        assert partner.ride is None


@pytest.mark.parametrize("code", ["wrong_pin", "pin_locked", "not_arrived"])
async def test_without_the_pin_the_ride_is_called_off_with_a_reason(code: str) -> None:
    server = Server(rideStart=error(403, code))
    async with at_work(server) as partner:
        offer_to(partner)
        await soon(lambda: "rideCancel" in server.names())
        assert "PIN" in server.calls[-1][1]["reason"]
        await soon(lambda: partner.ride is None)


async def test_reports_the_arrival_again_until_the_position_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.arriving.RETRY_S", 0.01)
    server = Server(rideArrive=error(409, "not_at_place"))
    async with at_work(server) as partner:
        offer_to(partner)
        await soon(lambda: server.names().count("rideArrive") == 2)
        del server.otherwise["rideArrive"]
        await soon(lambda: "rideEnd" in server.names())


@pytest.mark.parametrize("status", ["en_route", "in_progress"])
async def test_goes_on_with_a_ride_after_a_new_start(status: str) -> None:
    server = Server()
    async with at_work(server) as partner:
        ride = {**RIDE, "status": status}
        partner.on_frame({"type": "hello", "seq": 9, "resumed": False, "partner": {}, "offers": [], "ride": ride})
        await soon(lambda: "rideEnd" in server.names())
        assert ("rideStart" in server.names()) == (status == "en_route")
        assert distance_m(partner.here(), Place(40.75, -73.98)) < 1


async def test_answers_an_offer_that_the_hello_brings() -> None:
    server = Server()
    async with at_work(server) as partner:
        partner.on_frame({"type": "hello", "seq": 9, "resumed": False, "partner": {}, "offers": [OFFER], "ride": None})
        await soon(lambda: "rideAccept" in server.names())


async def test_a_session_ended_by_somebody_else_is_no_trouble() -> None:
    server = Server(rideEnd=error(409, "ride_completed"))
    async with at_work(server) as partner:
        offer_to(partner)
        await soon(lambda: "rideEnd" in server.names())
        await soon(lambda: partner.ride is None)


@pytest.mark.parametrize(("application", "approved"), [("applied", True), ("approved", False), ("suspended", False)])
async def test_only_who_has_just_applied_is_approved(application: str, approved: bool) -> None:
    me = httpx.Response(200, json={"partner": {"partnerId": "p1", "application": application}})
    server = Server(me=me, login=httpx.Response(200, json={"token": "staff"}))
    async with at_work(server) as partner:
        await partner.enrol()
        assert ("partner/p1/approve" in server.names()) == approved


async def test_drifting_stays_near() -> None:
    async with at_work(Server()) as partner:
        start = partner.here()
        partner.drift(0.0)
        assert 0 <= distance_m(start, partner.leg.end) <= HASTY.drift_m * 1.01


async def test_who_is_far_from_home_drifts_home() -> None:
    async with at_work(Server()) as partner:
        partner.home = Place(40.65, -73.90)
        partner.drift(0.0)
        assert distance_m(partner.home, partner.leg.end) <= HASTY.drift_m * 1.01
