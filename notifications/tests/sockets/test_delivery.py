"""Events arrive in order, at everybody whom they are for and nobody else."""

from collections import Counter

import pytest

from accounts.models import Partner, User
from core import metrics
from notifications import hub
from notifications.tests.sockets.client import PARTNER, USER, Socket, aside, subscribed, tell
from regions.models import Region
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.cast import end, make_partner, make_user, match, north, report, start, submit, token_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_events_arrive_in_order_on_every_socket(user: User, user_token: str, own_hub: hub.Hub) -> None:
    phone, laptop = Socket(USER, user_token), Socket(USER, user_token)
    for socket in (phone, laptop):
        await socket.open()
    await subscribed(own_hub)
    await aside(tell)(f"user:{user.pk}", "a", "b")
    await aside(tell)(f"user:{user.pk}", "c")
    for socket in (phone, laptop):
        assert [await socket.next() for _ in range(3)] == [{"type": t, "seq": n} for n, t in enumerate("abc", 1)]
        await socket.nothing_else()
        await socket.leave()


async def test_the_time_to_each_frame_is_counted(
    user: User, user_token: str, own_hub: hub.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the way on which the socket got it: pushed, or read from the log after a push that was lost."""
    monkeypatch.setattr(metrics, "_counted", {})
    socket = Socket(USER, user_token)
    await socket.open()
    await subscribed(own_hub)
    await aside(tell)(f"user:{user.pk}", "a", "b", "c")
    with monkeypatch.context() as patch:
        patch.setattr("notifications.events.push", lambda *_, **__: None)
        await aside(tell)(f"user:{user.pk}", "d")
    await aside(tell)(f"user:{user.pk}", "e")
    assert [(await socket.next())["type"] for _ in range(5)] == ["a", "b", "c", "d", "e"]
    counted: Counter[str] = Counter()
    for field, count in metrics.take().items():
        name, *labels, what = field.split("|")
        if name == "frame_seconds" and what != "ms":
            counted.update({labels[0]: count})
    assert counted == {"pushed": 3, "read": 2}
    await socket.leave()


async def test_nobody_hears_what_is_for_others(
    user_token: str, other_user: User, partner_token: str, partner: Partner, own_hub: hub.Hub
) -> None:
    sockets = [Socket(USER, user_token), Socket(PARTNER, partner_token)]
    for socket in sockets:
        await socket.open()
    await subscribed(own_hub)
    await aside(tell)(f"user:{other_user.pk}", "secret")
    await aside(tell)(f"user:{partner.user_id}", "secret")  # the same account, in another role
    for socket in sockets:
        await socket.nothing_else()
        await socket.leave()


async def test_the_whole_way_as_both_sides_see_it(
    nyc: Region, user: User, user_token: str, partner: Partner, partner_token: str, own_hub: hub.Hub
) -> None:
    mine, theirs = Socket(USER, user_token), Socket(PARTNER, partner_token)
    await mine.open()
    await theirs.open()
    await subscribed(own_hub)
    await aside(submit)(user)
    assert (await mine.next())["request"]["status"] == "pending"
    await aside(match)(nyc)
    assert (await mine.next())["request"]["status"] == "offered"
    offered = await theirs.next()
    assert offered["type"] == "offer"

    await theirs.send(type="accept", offerId=offered["offer"]["offerId"], id=1)
    answer = await theirs.expect("answer")
    assert (answer["command"], answer["id"], answer["ride"]["status"]) == ("accept", 1, "en_route")
    assert (await theirs.expect("ride.updated"))["ride"]["status"] == "en_route"
    assert (await mine.next())["request"]["partner"]["name"] == "Pia"
    assert (await mine.next())["ride"]["status"] == "en_route"

    assert (await mine.next())["type"] == "partner.location"  # the one held
    await theirs.send(type="location", location={"lat": 40.752, "lng": -73.985})
    moved = await mine.next()
    assert moved == {
        "type": "partner.location",
        "partnerId": str(partner.pk),
        "location": {"lat": 40.752, "lng": -73.985},
    }
    await theirs.nothing_else()

    ride = await aside(Ride.objects.select_related("partner").get)()
    await aside(start)(ride)
    assert (await mine.expect("ride.updated"))["ride"]["arrivedAt"] is not None
    assert (await mine.expect("ride.updated"))["ride"]["status"] == "in_progress"
    await aside(end)(ride)
    seen = [await mine.next() for _ in range(3)]
    assert [frame["type"] for frame in seen] == ["payment.updated", "request.updated", "ride.updated"]
    assert seen[2]["ride"]["fare"] == {"amount": 1000, "currency": "usd"}
    numbers = [frame["seq"] for frame in seen]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]

    await aside(report)(partner, north(300))
    await mine.nothing_else()
    for socket in (mine, theirs):
        await socket.leave()


async def test_a_request_of_many_users_reaches_each(nyc: Region, own_hub: hub.Hub) -> None:
    def cast() -> list[tuple[User, str]]:
        made = [make_user(f"U{n}") for n in range(5)]
        for n in range(5):
            make_partner(f"P{n}", at=north(10 * n))
        return [(one, token_of(one)) for one in made]

    people = await aside(cast)()
    sockets = [Socket(USER, token) for _, token in people]
    for socket in sockets:
        await socket.open()
    await subscribed(own_hub)
    for one, _ in people:
        await aside(submit)(one)
    await aside(match)(nyc)
    for (one, _), socket in zip(people, sockets, strict=True):
        frames = [await socket.next() for _ in range(2)]
        assert [frame["request"]["status"] for frame in frames] == ["pending", "offered"]
        assert {frame["request"]["userId"] for frame in frames} == {str(one.pk)}
        await socket.leave()
    assert await aside(CheerRequest.objects.filter(status="offered").count)() == 5
