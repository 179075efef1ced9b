"""A whole ride through the running program: every log line parses, ids join the lines, and nobody is in them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from testbed.processes import wait_until
from testbed.stack import Stack, running_stack
from tests.e2e.client import TIMES_SQUARE, Phone

pytestmark = pytest.mark.e2e

NOTE, NAME = "a-red-coat-nobody-may-read", "Partner 1"


@pytest.fixture(scope="module")
def logging_stack() -> Iterator[Stack]:
    with running_stack(LOG_FORMAT="json", NUM_PROXIES="1", SECURITY_LOG="-") as stack:
        yield stack


def parsed(line: str, path: Path) -> dict[str, Any]:
    """The line as JSON; a failure shows the file."""
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        pytest.fail(f"{path.name} has a line that is not JSON: {line}\n{path.read_text()[-4000:]}")
    return entry


def lines_of(stack: Stack) -> list[dict[str, Any]]:
    """Every line of the program's processes, each of which must be JSON."""
    files = [path for path in Path(stack.data / "log").glob("*.log") if path.stem in ("web", "worker", "sweep")]
    assert len(files) == 3
    return [parsed(line, path) for path in files for line in path.read_text().splitlines()]


async def test_the_lines_of_a_ride_join_up_and_show_nobody(logging_stack: Stack) -> None:
    sent = uuid4().hex
    async with (
        Phone(logging_stack.url, "user1@demo.test") as user,
        Phone(logging_stack.url, "partner1@demo.test") as partner,
    ):
        tokens = [user.token, partner.token]
        async with user.socket("/user/notification") as told, partner.socket("/partner/notification") as line:
            await partner.post("/updateLocation", {"location": {"lat": 40.7581, "lng": -73.9850}}, 204)
            await partner.post("/partner/status", {"status": "available"})
            body = {"location": TIMES_SQUARE, "requestType": "pep_talk", "note": NOTE}
            forged = await user.http.get("/me?email=ann@cast.test", headers={"X-Request-ID": "ann example"})
            asked = await user.http.post("/cheerRequest", json=body, headers={"X-Request-ID": sent})
            offer = (await line.until("offer", requestId=asked.json()["requestId"]))["offer"]
            await line.send(type="accept", offerId=offer["offerId"], id="a1")
            ride = (await line.until("answer", id="a1"))["ride"]["rideId"]
            await partner.post("/rideArrive", {"rideId": ride})
            await partner.post("/rideStart", {"rideId": ride})
            await partner.post("/rideEnd", {"rideId": ride})
            await told.until("ride.updated", status="completed")
        ticket = (await partner.post("/socketTicket", {}, 201))["ticket"]

    assert asked.headers["X-Request-ID"] == sent
    assert forged.headers["X-Request-ID"] not in ("", "ann example")

    def closed() -> list[dict[str, Any]]:
        return [entry for entry in lines_of(logging_stack) if entry.get("event") == "socket_closed"]

    wait_until(lambda: len(closed()) == 2, 10, "both sockets are logged as closed")
    entries = lines_of(logging_stack)
    (call,) = [entry for entry in entries if entry.get("request") == sent and entry.get("event") == "request"]
    assert (call["route"], call["method"], call["status"], call["region"]) == ("cheerRequest", "POST", 201, "nyc")
    assert call["ms"] > 0
    assert [entry["code"] for entry in closed()] == [1000, 1000]
    opened = {entry["connection"] for entry in entries if entry.get("event") == "socket_opened"}
    assert {entry["connection"] for entry in closed()} == opened
    assert {entry["process"] for entry in entries if "process" in entry} >= {"web", "worker"}

    text = json.dumps(entries)
    for private in (*tokens, ticket, NOTE, NAME, "demo.test", "cast.test", "40.75", "-73.98", "127.0.0.1", ride):
        assert private not in text, private
    assert asked.json()["requestId"] not in text


async def test_a_task_carries_the_id_of_the_call_that_caused_it(logging_stack: Stack) -> None:
    """A request waits while no partner is online, and its matcher runs in the worker."""
    sent = uuid4().hex
    async with Phone(logging_stack.url, "user2@demo.test") as user:
        body = {"location": {"lat": 40.68, "lng": -73.95}, "requestType": "pep_talk"}
        asked = await user.http.post("/cheerRequest", json=body, headers={"X-Request-ID": sent})
        assert asked.status_code == 201

    def tasks() -> list[dict[str, Any]]:
        return [entry for entry in lines_of(logging_stack) if entry.get("event") == "task"]

    joined = wait_until(lambda: [task for task in tasks() if task.get("request") == sent], 15, "the task is logged")
    assert (joined[0]["name"], joined[0]["state"], joined[0]["process"]) == ("match_region", "success", "worker")
    assert joined[0]["region"] == "nyc"
    assert joined[0]["task"]
