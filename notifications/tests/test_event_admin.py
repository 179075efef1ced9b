"""Events in the admin: staff see what happened and when, and no place, PIN, name or note."""

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of
from notifications.admin import WITHHELD, without_words
from notifications.models import Event
from rides.models import Ride
from tests.cast import EMPIRE_STATE


def test_events_tell_staff_no_places_and_notes(ride: Ride, staff: User) -> None:
    desk, events = desk_of(staff), list(Event.objects.all())
    assert "Third floor" in str([event.payload for event in events])
    pages = [desk.get(page_of(event)).content.decode() for event in events]
    assert any(str(ride.pk) in page for page in pages)
    for secret in ("Third floor", *map(str, EMPIRE_STATE)):
        assert not [page for page in pages if secret in page]


def test_only_our_own_texts_are_shown() -> None:
    told = {"ride": {"rideId": "a-b", "pin": "4711", "status": "accepted", "userName": "ada", "lat": 40, "fare": None}}
    assert without_words({**told, "lines": [{"amount": 1000, "reason": "ill"}], "elapsedS": 1.5}) == {
        "ride": {
            "rideId": "a-b",
            "pin": WITHHELD,
            "status": "accepted",
            "userName": WITHHELD,
            "lat": WITHHELD,
            "fare": None,
        },
        "lines": [{"amount": 1000, "reason": WITHHELD}],
        "elapsedS": WITHHELD,
    }
