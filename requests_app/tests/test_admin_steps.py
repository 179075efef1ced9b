"""What staff do with requests and partners in the admin."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Partner, User
from accounts.states import PartnerStatus
from backoffice.tests.desk import desk_of, page_of, refusals, take, take_selected, told, url_of
from payments.models import Payment
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus
from requests_app.tests.scenes import make_dead_letter
from rides.models import Ride
from rides.states import RideStatus
from tests.cast import (
    fresh,
    make_partner,
    offered_to,
    submit,
    unchanged,
)


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def dead_letter(user: User) -> CheerRequest:
    return make_dead_letter(user)


# ---------------------------------------------------------------- dead letters and cancelling


def buttons_of(desk: Client, row: Any) -> list[str]:
    return [button["title"] for button in desk.get(page_of(row)).context["actions_detail"]]


def test_requeue(desk: Client, staff: User, dead_letter: CheerRequest) -> None:
    assert buttons_of(desk, dead_letter) == [
        "Requeue",
        "Widen",
        "Offer",
        "Take on",
        "Note",
        "Assign",
        "Cancel request",
    ]
    response = take(desk, dead_letter, "requeue")
    assert told(response) == [("success", "Requeue: done.")]
    assert fresh(dead_letter).status == RequestStatus.PENDING
    last = dead_letter.transitions.last()
    assert last is not None
    assert (last.new, last.actor) == ("pending", staff)


def test_requeue_while_the_user_has_asked_anew(desk: Client, dead_letter: CheerRequest) -> None:
    submit(dead_letter.user)
    with unchanged():
        response = take(desk, dead_letter, "requeue")
    assert refusals(response) == [f"{dead_letter}: This user has another open request."]


def test_requeue_twice(desk: Client, dead_letter: CheerRequest) -> None:
    take(desk, dead_letter, "requeue")
    with unchanged():
        assert len(refusals(take(desk, dead_letter, "requeue"))) == 1


@pytest.mark.parametrize("scene", ["pending", "offer", "ride"])
def test_cancel(desk: Client, scene: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(scene)
    asked = CheerRequest.objects.get()
    response = take(desk, asked, "cancel", reason="flooded street")
    assert told(response) == [("success", "Cancel request: done.")]
    asked = fresh(asked)
    assert asked.status == RequestStatus.CANCELLED
    assert (asked.closed_code, asked.closed_note) == ("cancelled_by_staff", "flooded street")
    assert not Offer.objects.filter(status=OfferStatus.PENDING).exists()
    assert not Ride.objects.exclude(status=RideStatus.CANCELLED).exists()
    assert not Payment.objects.exists()


@pytest.mark.parametrize("scene", ["running", "completed"])
def test_cancel_too_late(desk: Client, scene: str, request: pytest.FixtureRequest) -> None:
    ride = request.getfixturevalue(scene)
    with unchanged():
        assert len(refusals(take(desk, ride.request, "cancel"))) == 1


def test_a_reason_has_its_limit(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        address = url_of(CheerRequest, "cancel", pending.pk)
        page = desk.post(address, {"_form_submitted": "on", "reason": "x" * 201})
        assert "at most 200 characters" in page.content.decode()
        assert desk.post(address, {"_form_submitted": "on", "reason": "\0"}).status_code == 200


def test_looking_at_a_dialog_does_nothing(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        assert desk.get(url_of(CheerRequest, "cancel", pending.pk)).status_code == 200
        assert desk.get(url_of(CheerRequest, "cancel", pending.pk), {"_form_submitted": "on"}).status_code == 200
        assert desk.post(url_of(CheerRequest, "cancel", pending.pk)).status_code == 200  # not confirmed


def test_a_forged_form_does_nothing(staff: User, pending: CheerRequest) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff, "accounts.backends.PasswordBackend")
    with unchanged():
        assert client.post(url_of(CheerRequest, "cancel", pending.pk), {"_form_submitted": "on"}).status_code == 403


def test_a_dead_letter_can_be_closed(staff: User, dead_letter: CheerRequest) -> None:
    services.cancel_request_as_staff(dead_letter, actor=staff, reason="phoned them", now=timezone.now())
    assert fresh(dead_letter).status == RequestStatus.CANCELLED
    assert dead_letter.transitions.last().actor == staff


def test_cancel_selected_tells_of_each_refusal(
    desk: Client, staff: User, pending: CheerRequest, other_user: User
) -> None:
    closed = make_dead_letter(other_user)
    services.cancel_request_as_staff(closed, actor=staff, reason="before", now=timezone.now())
    page = take_selected(desk, [pending, closed], "cancel", confirm=False)
    assert "free of charge" in page.content.decode()
    assert fresh(pending).status == RequestStatus.PENDING
    response = take_selected(desk, [pending, closed], "cancel", reason="storm")
    assert ("success", "Cancel request: done.") in told(response)
    assert len(refusals(response)) == 1
    assert fresh(pending).closed_note == "storm"
    assert fresh(closed).closed_note == "before"


# ---------------------------------------------------------------- releasing a partner


@pytest.mark.parametrize(
    ("scene", "said", "request_becomes"),
    [
        ("offer", "The offer was taken back and its request is matched again.", RequestStatus.PENDING),
        ("ride", "The ride was cancelled and its request is matched again.", RequestStatus.PENDING),
        ("running", "The running session was ended and billed.", RequestStatus.COMPLETED),
    ],
)
def test_release(
    desk: Client, partner: Partner, scene: str, said: str, request_becomes: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(scene)
    assert told(take(desk, partner, "release")) == [("success", said)]
    assert fresh(partner).status == PartnerStatus.OFFLINE
    asked = CheerRequest.objects.get()
    assert asked.status == request_becomes
    assert offered_to(asked) is None


@pytest.mark.parametrize("pk", ["nonsense", "\0", "1"])
def test_selecting_what_is_not_there_does_nothing(desk: Client, pending: CheerRequest, pk: str) -> None:
    chosen = {"action": "cancel_selected", "_selected_action": [str(pending.pk), pk], "_form_submitted": "on"}
    with unchanged():
        assert len(refusals(desk.post(url_of(CheerRequest, "changelist"), chosen, follow=True))) == 1


def test_release_of_somebody_with_nothing_in_hand(desk: Client, nyc: Region) -> None:
    idle = make_partner("Ida", online=False)
    with unchanged():
        assert len(refusals(take(desk, idle, "release"))) == 1
