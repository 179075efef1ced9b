"""The receipt as a page: the API's address, by Accept."""

from uuid import uuid4

from accounts.models import Partner, User
from payments.models import Payment
from requests_app.models import CheerRequest
from requests_app.services import cancel_request
from rides.models import Ride
from tests.cast import Clock, end, start
from web.tests.browse import SIGN_IN, browser_of, text_of


def test_its_lines(user: User, ride: Ride, clock: Clock) -> None:
    running = start(ride)
    clock.advance(601)
    end(running)
    answer = browser_of(user).get(f"/ride/{ride.pk}/receipt")
    assert answer["Content-Type"].startswith("text/html")
    text = text_of(answer)
    assert "Cheering, 3 × 5 minutes Due $30.00" in text
    assert "Time 10 min 1 s" in text
    assert "Tariff $10 for every 5 minutes or part of it" in text
    assert "Total $30.00" in text
    assert "Pia" not in text  # known from acceptance to completion, and at no other time


def test_a_refund_shows(user: User, completed: Ride) -> None:
    Payment.objects.update(refunded_amount=400, status="partially_refunded")
    text = text_of(browser_of(user).get(f"/ride/{completed.pk}/receipt"))
    assert "Partially refunded $10.00 $4.00 refunded" in text
    assert "Total $6.00" in text


def test_a_cancellation_fee(user: User, ride: Ride, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="", now=clock.advance(600))
    text = text_of(browser_of(user).get(f"/ride/{ride.pk}/receipt"))
    assert "cancelled" in text
    assert "Cancellation fee Due $5.00" in text


def test_nothing_was_charged(user: User, ride: Ride, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="", now=clock.now)
    assert "Nothing was charged $0.00" in text_of(browser_of(user).get(f"/ride/{ride.pk}/receipt"))


def test_the_partner_sees_it_and_staff_too(partner: Partner, staff: User, completed: Ride) -> None:
    for who in (partner.user, staff):
        answer = browser_of(who).get(f"/ride/{completed.pk}/receipt")
        assert "Total $10.00" in text_of(answer)
        assert "Back to this cheer" not in text_of(answer)


def test_programs_get_json(user: User, completed: Ride) -> None:
    client = browser_of(user)
    for accept in ("application/json", "*/*"):
        answer = client.get(f"/ride/{completed.pk}/receipt", headers={"Accept": accept})
        assert answer.json()["total"] == {"amount": 1000, "currency": "usd"}


def test_while_it_runs_the_page_says_so(user: User, running: Ride) -> None:
    answer = browser_of(user).get(f"/ride/{running.pk}/receipt")
    assert answer.status_code == 409
    assert "The receipt is ready once the ride is over." in text_of(answer)


def test_strangers_get_the_page_for_nothing(outsider: User, completed: Ride) -> None:
    for ride_id in (completed.pk, uuid4()):
        answer = browser_of(outsider).get(f"/ride/{ride_id}/receipt")
        assert answer.status_code == 404
        assert "Nobody is cheering here" in text_of(answer)


def test_the_signed_out_are_offered_to_sign_in_and_come_back(completed: Ride) -> None:
    answer = browser_of(None).get(f"/ride/{completed.pk}/receipt")
    assert answer.status_code == 401
    assert f"{SIGN_IN}?next=%2Fride%2F{completed.pk}%2Freceipt" in answer.content.decode()
