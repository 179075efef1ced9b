"""The first frame tells the present state."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.applications import decide_application
from accounts.models import Partner, Role, User
from accounts.socket_auth import admit
from notifications.tests.sockets.client import PARTNER, USER, Socket, aside, tell
from regions.models import Region
from requests_app.consumers import PartnerConsumer, UserConsumer
from requests_app.models import Offer
from rides.models import Ride
from tests.cast import accept, fresh, make_applicant, token_of

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_partner_is_told_their_offer_and_then_their_ride(
    partner: Partner, partner_token: str, offer: Offer
) -> None:
    socket = Socket(PARTNER, partner_token)
    hello = await socket.open()
    assert (hello["seq"], hello["partner"]["status"], hello["ride"]) == (1, "offered", None)
    assert [found["offerId"] for found in hello["offers"]] == [str(offer.pk)]
    await socket.leave()
    ride = await aside(accept)(offer)
    socket = Socket(PARTNER, partner_token)
    hello = await socket.open()
    assert (hello["offers"], hello["ride"]["rideId"], hello["ride"]["userName"]) == ([], str(ride.pk), "Ada")
    await socket.leave()


async def test_a_partner_who_has_never_worked_is_in_no_region(nyc: Region) -> None:
    partner, token = await aside(_newcomer)()
    assert partner.region is None
    socket = Socket(PARTNER, token)
    assert (await socket.open())["partner"]["region"] is None
    await socket.leave()


def _newcomer() -> tuple[Partner, str]:
    partner = make_applicant("Nora")
    decide_application(partner, "approved", actor=None, now=timezone.now())
    return fresh(partner), token_of(fresh(partner.user))


async def test_an_offer_out_of_time_is_not_told(
    partner_token: str, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timezone, "now", lambda: offer.expires_at)
    socket = Socket(PARTNER, partner_token)
    assert (await socket.open())["offers"] == []
    await socket.leave()


async def test_a_user_is_told_their_request_and_ride(user_token: str, running: Ride) -> None:
    socket = Socket(USER, user_token)
    hello = await socket.open()
    assert hello["request"]["requestId"] == str(running.request_id)
    assert hello["request"]["partner"]["name"] == "Pia"
    assert (hello["ride"]["rideId"], hello["ride"]["status"]) == (str(running.pk), "in_progress")
    await socket.leave()


@pytest.mark.parametrize(("role", "most"), [("user", 2), ("partner", 1), ("offered", 2)])
def test_a_handshake_and_its_hello_take_few_statements(
    role: str, most: int, request: pytest.FixtureRequest, django_assert_max_num_queries: Any
) -> None:
    """They are all that a crowd costs the database."""
    if role == "offered":
        request.getfixturevalue("offer")
    token = request.getfixturevalue("user_token" if role == "user" else "partner_token")
    socket = handshake(UserConsumer() if role == "user" else PartnerConsumer(), token)
    socket._enter("", "")
    with django_assert_max_num_queries(most):
        admitted, present = socket._enter("", "")
    assert admitted.user is not None
    assert present is not None
    assert len(present[1].get("offers", ())) == (role == "offered")


def handshake(socket: Any, token: str) -> Any:
    """The server's end of a socket before it is admitted."""
    scope = {"headers": [(b"authorization", f"Bearer {token}".encode())]}
    socket.scope = {"admit": lambda: admit(scope)}
    return socket


def test_the_number_of_an_account_is_its_own_whether_or_not_there_is_a_partner(
    user: User, user_token: str, partner: Partner, partner_token: str
) -> None:
    tell(f"user:{user.pk}", "a", "b")
    tell(f"user:{partner.user_id}", "a")
    tell(f"partner:{partner.pk}", "a", "b", "c")
    assert handshake(UserConsumer(), user_token)._enter("", "")[1][0].last_seq == 2
    assert handshake(PartnerConsumer(), partner_token)._enter("", "")[1][0].last_seq == 3
    User.objects.filter(pk=partner.user_id).update(role=Role.USER)
    assert handshake(UserConsumer(), partner_token)._enter("", "")[1][0].last_seq == 1


def test_an_account_without_an_event_is_at_0(user: User, user_token: str) -> None:
    stream = handshake(UserConsumer(), user_token)._enter("", "")[1][0]
    assert (stream.recipient, stream.last_seq, stream.epoch) == (f"user:{user.pk}", 0, 0)


def test_an_admission_in_a_log_line_names_nobody(user: User, user_token: str) -> None:
    admitted = admit({"headers": [(b"authorization", f"Bearer {user_token}".encode())]})
    assert admitted.user == user
    assert repr(admitted) == "Admitted(language='en', wait_s=None)"
