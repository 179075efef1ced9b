"""The list of what an account asked for."""

from accounts.models import User
from requests_app.models import CheerRequest
from requests_app.services import cancel_request
from rides.models import Ride
from rides.services import tip_ride
from tests.cast import Clock, submit
from web.tests.browse import browser_of, text_of
from web.views import HISTORY_PAGE_SIZE


def test_nothing_yet(user: User) -> None:
    assert "Nothing yet" in text_of(browser_of(user).get("/history"))


def test_a_completed_cheer_with_its_receipt(user: User, completed: Ride, clock: Clock) -> None:
    tip_ride(completed, amount=250, currency="usd", now=clock.now)
    answer = browser_of(user).get("/history")
    assert "Completed" in text_of(answer)
    assert "$12.50 invoice" in text_of(answer)
    assert f'href="/ride/{completed.pk}/receipt"' in answer.content.decode()


def test_a_cancelled_one_free_of_charge_has_no_receipt(user: User, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="", now=clock.now)
    text = text_of(browser_of(user).get("/history"))
    assert "Cancelled" in text
    assert "receipt" not in text.lower().replace("your cheers and their receipts", "")


def test_a_late_cancellations_fee(user: User, ride: Ride, pending: CheerRequest, clock: Clock) -> None:
    cancel_request(user, pending.pk, reason="", now=clock.advance(600))
    assert "$5.00 invoice" in text_of(browser_of(user).get("/history"))


def test_others_are_not_in_it(outsider: User, completed: Ride) -> None:
    assert "Nothing yet" in text_of(browser_of(outsider).get("/history"))


def test_pages_newest_first_in_few_queries(user: User, clock: Clock, django_assert_max_num_queries: object) -> None:
    for number in range(HISTORY_PAGE_SIZE + 1):
        clock.advance(1)
        request = submit(user, type="birthday" if number == 0 else "pep_talk", now=clock.now)
        cancel_request(user, request.pk, reason="", now=clock.now)
    client = browser_of(user)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        answer = client.get("/history")
    first = text_of(answer)
    assert "Birthday" not in first
    assert "Older" in first
    last = text_of(client.get(answer.context["older"]))
    assert "Birthday" in last
    assert "Newer" in last
    assert text_of(client.get("/history?cursor=nonsense", follow=True)) == first
