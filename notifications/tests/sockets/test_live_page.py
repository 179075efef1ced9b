"""The staff page's frames: one publisher for every open page."""

from base64 import urlsafe_b64encode
from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Partner, User
from alerts.models import Alert
from alerts.rules import BY_NAME
from alerts.services import acknowledge, fire, resolve
from core import valkey
from notifications.hub import Hub
from notifications.tests.sockets.client import STAFF, USER, Frame, Socket, aside, subscribed
from ops import gauges
from ops.live import publisher
from ops.live.counts import COUNTS_KEY, NOWHERE, latest_counts, total
from ops.live.publisher import Publisher
from regions.models import Region
from tests.cast import make_clerk, make_staff, queue, submit, token_of
from tests.other_regions import limited_to

pytestmark = pytest.mark.django_db(transaction=True)


def short(pk: UUID) -> str:
    """An id as the map has it."""
    return urlsafe_b64encode(pk.bytes).decode().rstrip("=")


def publish() -> None:
    """A publisher that has just taken over counts and publishes."""
    valkey.client().delete(publisher.LEADER)
    live, now = Publisher(), publisher.clock.now()
    live.publish(now)
    live.count(now)
    live.publish(now)


async def opened(staff: User, own_hub: Hub) -> Socket:
    socket = Socket(STAFF, await aside(token_of)(staff))
    await socket.open()
    await subscribed(own_hub)
    return socket


async def counts_of(socket: Socket, slug: str = "nyc") -> Frame:
    """The next counts of a region."""
    while (frame := await socket.expect("now"))["region"] != slug:
        pass
    counts: Frame = frame["counts"]
    return counts


async def health_becomes(socket: Socket, state: str) -> None:
    """The database's state is told to be this."""
    while (await socket.expect("health"))["parts"]["database"][0] != state:
        pass


async def test_every_page_of_every_member_hears_of_a_change(staff: User, user: User, own_hub: Hub) -> None:
    other = await aside(make_staff)("Otis")
    sockets = [await opened(who, own_hub) for who in (staff, staff, other)]
    await aside(submit)(user)
    await aside(publish)()
    for socket in sockets:
        assert (await counts_of(socket))["requests"] == {"pending": 1}
        await socket.leave()


async def test_a_page_that_opens_is_told_everything(staff: User, user: User, own_hub: Hub) -> None:
    await aside(submit)(user)
    await aside(publish)()
    socket = Socket(STAFF, await aside(token_of)(staff))
    hello = await socket.open()
    assert hello["counts"]["requests"] == {"pending": 1}
    assert hello["live"]["now"]["nyc"]["requests"] == {"pending": 1}
    assert sum(figures[0] for figures in hello["live"]["minutes"]["nyc"].values()) == 1
    assert hello["live"]["health"]["database"][0] == "ok"
    await socket.leave()


async def test_users_hear_nothing_of_it(staff: User, user: User, own_hub: Hub) -> None:
    socket = Socket(USER, await aside(token_of)(user))
    await socket.open()
    await subscribed(own_hub)
    await aside(publish)()
    await aside(submit)(user)
    assert (await socket.next())["type"] == "request.updated"
    await socket.leave()


async def test_what_has_not_changed_is_not_sent_again(staff: User, user: User, own_hub: Hub) -> None:
    socket = await opened(staff, own_hub)
    await aside(publish)()
    await aside(publish)()
    await counts_of(socket)
    await aside(submit)(user)
    await aside(publish)()
    assert (await counts_of(socket))["requests"] == {"pending": 1}
    await socket.leave()


async def test_revenue_is_for_those_who_may_see_payments(staff: User, user: User, own_hub: Hub) -> None:
    await aside(submit)(user)
    clerk = await aside(make_clerk)("Carl", "accounts.view_staff_page")
    theirs, ours = await opened(clerk, own_hub), await opened(staff, own_hub)
    await aside(publish)()
    assert (await ours.expect("revenue"))["region"] == "nyc"
    assert (await theirs.next())["type"] == "tick"
    types = set()
    while (frame := await theirs.next())["type"] != "health" or "minutes" not in types:
        types.add(frame["type"])
    assert "revenue" not in types
    for socket in (theirs, ours):
        await socket.leave()


async def test_staff_of_a_region_hear_of_the_queues_of_no_other(nyc: Region, boston: Region, own_hub: Hub) -> None:
    clerk = await aside(make_clerk)("Bo", "accounts.view_staff_page")
    theirs = Socket(STAFF, await aside(token_of)(await aside(limited_to)(clerk, boston)))
    await aside(gauges.keep)(await aside(gauges.count_rows)(publisher.clock.now()))
    await aside(publish)()
    hello = await theirs.open()
    await subscribed(own_hub)
    await aside(publish)()
    told = await theirs.expect("health")
    for health in (hello["live"]["health"], told["parts"]):
        assert {part for part in health if part.startswith("queue:")} == {"queue:any", "queue:boston"}
        assert "database" in health
    await theirs.leave()


def test_pages_that_open_count_nothing_themselves(staff: User) -> None:
    publish()
    with CaptureQueriesContext(connection) as queries:
        counts = [latest_counts() for _ in range(50)]
    assert (len(queries), counts[0]["nyc"]["requests"]) == (0, {})


def test_without_a_publisher_they_count_for_themselves(staff: User, user: User) -> None:
    submit(user)
    valkey.client().delete(COUNTS_KEY)
    assert total(latest_counts())["requests"] == {"pending": 1}


async def test_pages_go_on_while_the_database_does_not_answer(
    staff: User, user: User, own_hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await opened(staff, own_hub)
    live, begun = Publisher(), publisher.clock.now()
    await aside(live.publish)(begun)
    await aside(live.count)(begun)

    def fail(now: object, **counted: object) -> None:
        raise DatabaseError

    later = begun + 2 * publisher.LATE
    with monkeypatch.context() as patch:
        patch.setattr(publisher, "live_counts", fail)
        with pytest.raises(DatabaseError):
            await aside(live.count)(later)
        await aside(live.publish)(later)
    first, second = await socket.expect("tick"), await socket.expect("tick")
    assert first["countedAt"] is None
    assert second["at"] - second["countedAt"] == round(1000 * 2 * publisher.LATE.total_seconds())
    await health_becomes(socket, "down")
    again = later + publisher.LATE
    await aside(live.count)(again)
    await aside(live.publish)(again)
    await health_becomes(socket, "ok")
    await socket.leave()


async def test_staff_of_other_regions_hear_nothing_of_a_region(user: User, boston: Region, own_hub: Hub) -> None:
    clerk = await aside(make_clerk)("Carl", "accounts.view_staff_page")
    await aside(limited_to)(clerk, boston)
    await aside(submit)(user)
    socket = Socket(STAFF, await aside(token_of)(clerk))
    hello = await socket.open()
    await subscribed(own_hub)
    assert (hello["counts"]["requests"], list(hello["live"]["now"])) == ({}, ["boston"])
    await aside(publish)()
    while not [frame for frame in socket.put_aside if frame["type"] == "now"]:
        await socket.expect("health")
    told = [frame["region"] for frame in socket.put_aside if "region" in frame]
    assert told == ["boston"]
    await socket.leave()


async def test_one_of_several_publishes(staff: User, own_hub: Hub) -> None:
    socket = await opened(staff, own_hub)
    first, second, now = Publisher(), Publisher(), publisher.clock.now()
    await aside(first.publish)(now)
    await aside(second.publish)(now)
    await socket.expect("tick")
    valkey.client().delete(publisher.LEADER)  # the first one has died
    later = now + publisher.LATE
    await aside(second.publish)(later)
    await aside(first.publish)(later)
    at = (await socket.expect("tick"))["at"]
    assert at > now.timestamp() * 1000
    assert not [frame for frame in socket.put_aside if frame["type"] == "tick"]
    await socket.leave()


async def test_the_map_has_partners_and_requests(
    staff: User, partner: Partner, user: User, other_user: User, own_hub: Hub
) -> None:
    offered = await aside(submit)(user)
    waiting = await aside(queue)(other_user)
    live, now = Publisher(), publisher.clock.now()
    await aside(live.publish)(now)
    await aside(live.count)(now)
    socket = Socket(STAFF, await aside(token_of)(staff))
    await socket.open()
    await subscribed(own_hub)
    await aside(live.publish)(now)
    change = await socket.expect("map")
    assert change["region"] == "nyc"
    told = {slot_id: state for _, state, _, slot_id in change["rows"]}
    assert told == {short(offered.pk): "a", short(waiting.pk): "w", short(partner.pk): "o"}
    await socket.send(type="map")
    whole = (await socket.expect("answer"))["maps"]["nyc"]
    assert (whole["board"], whole["n"]) == (change["board"], change["n"])
    assert sorted(whole["states"]) == ["a", "o", "w"]
    await socket.leave()


async def test_the_map_is_for_those_who_may_see_partners_and_requests(staff: User, own_hub: Hub) -> None:
    clerk = await aside(make_clerk)("Carl", "accounts.view_staff_page", "accounts.view_partner")
    await aside(publish)()
    socket = Socket(STAFF, await aside(token_of)(clerk))
    assert (await socket.open())["maps"] == {}
    await socket.send(type="map")
    assert (await socket.expect("answer"))["maps"] == {}
    await subscribed(own_hub)
    await aside(publish)()
    while not [frame for frame in socket.put_aside if frame["type"] == "now"]:
        await socket.expect("health")
    assert not [frame for frame in socket.put_aside if frame["type"] == "map"]
    await socket.leave()


async def alerts_become(socket: Socket, region: str, rules: list[tuple[str, str]]) -> None:
    """The alerts of a region are told to be these, each with its status."""
    while True:
        frame = await socket.expect("alerts")
        if frame["region"] == region and [(each["rule"], each["status"]) for each in frame["alerts"]] == rules:
            return


async def test_alerts_are_told_from_their_beginning_to_their_end(staff: User, nyc: Region, own_hub: Hub) -> None:
    socket = await opened(staff, own_hub)
    rule, now = BY_NAME["RequestsDie"], publisher.clock.now()
    await aside(fire)(rule, "nyc", 0.5, region_id=nyc.pk, now=now)
    await aside(fire)(BY_NAME["NoWorker"], "", 0, now=now)
    await aside(publish)()
    await alerts_become(socket, NOWHERE, [("NoWorker", "firing")])
    await alerts_become(socket, "nyc", [("RequestsDie", "firing")])
    alert = await aside(Alert.objects.get)(rule=rule.name)
    await aside(acknowledge)(alert, actor=staff, now=now)
    await aside(publish)()
    await alerts_become(socket, "nyc", [("RequestsDie", "acknowledged")])
    hello = await Socket(STAFF, await aside(token_of)(staff)).open()
    assert [each["alertId"] for each in hello["live"]["alerts"]["nyc"]] == [str(alert.pk)]
    await aside(resolve)(alert, now=now)
    await aside(publish)()
    await alerts_become(socket, "nyc", [])
    await socket.leave()


async def test_alerts_are_for_those_who_may_see_them_in_their_regions(
    staff: User, nyc: Region, boston: Region, own_hub: Hub
) -> None:
    now = publisher.clock.now()
    await aside(fire)(BY_NAME["RequestsDie"], "nyc", 0.5, region_id=nyc.pk, now=now)
    await aside(fire)(BY_NAME["NoWorker"], "", 0, now=now)
    without = await aside(make_clerk)("Carl", "accounts.view_staff_page")
    elsewhere = await aside(make_clerk)("Bo", "accounts.view_staff_page", "alerts.view_alert")
    await aside(limited_to)(elsewhere, boston)
    for clerk in (without, elsewhere):
        socket = Socket(STAFF, await aside(token_of)(clerk))
        assert (await socket.open())["live"]["alerts"] == {}
        await subscribed(own_hub)
        await aside(publish)()
        while not [frame for frame in socket.put_aside if frame["type"] == "now"]:
            await socket.expect("health")
        told = [frame["region"] for frame in socket.put_aside if frame["type"] == "alerts" and frame["alerts"]]
        assert told == []
        await socket.leave()
