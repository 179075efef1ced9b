"""What the live screen starts from, at each state of a request."""

from datetime import timedelta
from unittest.mock import patch

from accounts.applications import apply_as_partner
from accounts.models import Partner, User
from regions.geometry import SPEED_M_PER_S, STREET_FACTOR
from regions.models import Region
from requests_app.dead_letters import dead_letter
from requests_app.models import CheerRequest, Offer
from requests_app.services import cancel_request
from rides.models import Ride
from tests.cast import Clock, accept, end, fresh, start, submit
from web.tests.browse import browser_of, data_of, text_of


def page(user: User, request: CheerRequest) -> tuple[str, dict[str, object]]:
    answer = browser_of(user).get(f"/cheer/{request.pk}")
    assert answer.status_code == 200
    return text_of(answer), data_of(answer)


def test_looking(user: User, pending: CheerRequest) -> None:
    text, data = page(user, pending)
    assert "Looking for a partner" in text
    assert data["request"]["status"] == "pending"  # type: ignore[index]
    assert data["ride"] is None
    assert data["request"]["giveUpAt"] == pending.give_up_at.isoformat().replace("+00:00", "Z")  # type: ignore[index]


def test_offered_names_nobody(user: User, pending: CheerRequest, offer: Offer) -> None:
    _, data = page(user, pending)
    assert data["request"]["status"] == "offered"  # type: ignore[index]
    assert data["request"]["offer"] is None  # type: ignore[index]
    assert data["request"]["partner"] is None  # type: ignore[index]
    assert "Pia" not in str(data)


def test_on_the_way_with_a_pin(nyc: Region, user: User, offer: Offer) -> None:
    ride = accept(offer)
    _, data = page(user, offer.request)
    assert data["request"]["partner"]["name"] == "Pia"  # type: ignore[index]
    assert data["ride"]["pin"] == ride.pin  # type: ignore[index]
    assert data["request"]["giveUpAt"] is None  # type: ignore[index]
    assert "phone" not in str(data)


def test_running(user: User, pending: CheerRequest, ride: Ride, clock: Clock) -> None:
    start(ride)
    clock.advance(301)
    _, data = page(user, pending)
    assert data["ride"]["status"] == "in_progress"  # type: ignore[index]
    assert data["ride"]["elapsedS"] == 301  # type: ignore[index]
    assert data["ride"]["fare"] == {"amount": 2000, "currency": "usd"}  # type: ignore[index]
    assert data["now"] == clock.now.isoformat()


def test_done_no_longer_says_where_the_partner_is(user: User, pending: CheerRequest, completed: Ride) -> None:
    text, data = page(user, pending)
    assert "Send the rating" in text
    assert data["request"]["partner"] is None  # type: ignore[index]
    assert data["ride"]["rideId"] == str(completed.pk)  # type: ignore[index]


def test_cancelled(user: User, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="", now=clock.now)
    _, data = page(user, pending)
    assert data["request"]["reason"] == "cancelled_by_user"  # type: ignore[index]


def test_nobody_found(user: User, pending: CheerRequest) -> None:
    assert dead_letter(pending.pk, now=pending.give_up_at + timedelta(seconds=1))
    text, data = page(user, pending)
    assert data["request"]["reason"] == "no_partner_nearby"  # type: ignore[index]
    assert f"/?again={pending.pk}" in browser_of(user).get(f"/cheer/{pending.pk}").content.decode()
    assert "Try again" in text


def test_who_has_become_a_partner_may_look_back_but_not_thank(
    user: User, pending: CheerRequest, ride: Ride, clock: Clock
) -> None:
    end(start(ride))
    apply_as_partner(user, name="Ada", type="coach", phone="+1 212 555 0111", now=clock.now)
    text, data = page(fresh(user), pending)
    assert data["live"] is False
    assert "Send the rating" not in text


def test_the_users_note_can_not_break_out_of_the_page(user: User, partner: Partner, clock: Clock) -> None:
    request = submit(user, note="</script><script>alert(1)</script>")
    answer = browser_of(user).get(f"/cheer/{request.pk}")
    assert b"<script>alert" not in answer.content
    assert data_of(answer)["request"]["note"] == "</script><script>alert(1)</script>"


def test_the_way_is_told_at_the_pace_of_the_region(user: User, pending: CheerRequest) -> None:
    with patch("web.page_data.slowness_of", return_value=2.0):
        _, data = page(user, pending)
    assert data["travel"] == {"speedMps": SPEED_M_PER_S / 2, "streetFactor": STREET_FACTOR}
