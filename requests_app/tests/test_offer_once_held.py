"""Hold → offer in the transaction that notes that the amount is held, without the sweep and without a matcher."""

import pytest
from django.utils import timezone

from accounts.models import Partner, User
from core import valkey
from notifications.models import Event
from payments.models import Hold
from payments.operations import Operation
from payments.provider.steps import execute
from requests_app import hold_answers, receivers, wakeups
from requests_app.matching import immediate
from requests_app.models import CheerRequest, Offer
from requests_app.states import RequestStatus
from tests.cast import Clock, decline, fresh, make_partner, make_user, offered_to, open_offer, submit, unchanged
from tests.online import Online

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions whose matcher was woken."""
    slugs: list[str] = []
    monkeypatch.setattr(wakeups, "wake", slugs.append)
    return slugs


@pytest.fixture
def request_(online: Online, user: User, partner: Partner) -> CheerRequest:
    """A request whose amount is not held yet."""
    online.save_card(user)
    return submit(user)


def test_to_the_nearest_with_the_answer(
    request_: CheerRequest, online: Online, user: User, partner: Partner, woken: list[str]
) -> None:
    assert offered_to(request_) is None
    online.run_operations()
    assert offered_to(request_) == partner
    found = fresh(request_)
    assert (found.status, found.attempts, found.wave) == (RequestStatus.OFFERED, 1, 0)
    assert found.give_up_at > timezone.now()
    told = Event.objects.filter(recipient=f"user:{user.pk}").order_by("seq")
    assert [event.payload["request"]["status"] for event in told] == ["pending", "pending", "offered"]
    assert woken == []


def test_once(request_: CheerRequest, online: Online, clock: Clock) -> None:
    online.run_operations()
    hold = Hold.objects.get()
    with unchanged():
        receivers.answer_hold(hold_id=hold.pk)
        hold_answers.sweep_holds(clock.now)
    assert Offer.objects.count() == 1


def test_a_refused_card_calls_the_request_off_with_the_answer(
    online: Online, user: User, partner: Partner, woken: list[str]
) -> None:
    online.save_card(user, "pm_card_chargeCustomerFail")
    request = submit(user)
    online.run_operations()
    assert (fresh(request).status, fresh(request).closed_code) == (RequestStatus.CANCELLED, "card_declined")
    assert (Offer.objects.count(), woken) == (0, [])


def test_the_matcher_decides_if_another_waits(
    request_: CheerRequest, online: Online, monkeypatch: pytest.MonkeyPatch, woken: list[str]
) -> None:
    rival = make_user("Rival")
    online.save_card(rival)
    with monkeypatch.context() as patch:
        patch.setattr(immediate, "near", lambda *_, **__: [])
        submit(rival)
        online.run_operations()
    assert (Offer.objects.count(), woken[-1]) == (0, "nyc")


def test_one_that_waits_for_its_own_hold_is_no_rival(request_: CheerRequest, online: Online, partner: Partner) -> None:
    rival = make_user("Rival")
    online.save_card(rival)
    submit(rival)
    execute(Operation.HOLD, Hold.objects.get(request=request_).pk)
    assert offered_to(request_) == partner


def test_the_matcher_decides_who_is_left_out_after_an_offer(
    request_: CheerRequest, online: Online, partner: Partner, woken: list[str]
) -> None:
    CheerRequest.objects.filter(pk=request_.pk).update(attempts=1)
    online.run_operations()
    assert (offered_to(request_), woken) == (None, ["nyc"])


def test_the_matcher_is_woken_if_nobody_is_near(online: Online, user: User, woken: list[str]) -> None:
    online.save_card(user)
    request = submit(user)
    online.run_operations()
    assert (fresh(request).status, fresh(request).next_attempt_at <= timezone.now()) == (RequestStatus.PENDING, True)
    assert woken == ["nyc"]


def test_without_valkey_the_sweep_goes_on(
    request_: CheerRequest, online: Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise valkey.Unreachable

    monkeypatch.setattr("positions.nearest_to_many", away)
    online.run_operations()
    assert (fresh(request_).status, fresh(request_).next_attempt_at <= timezone.now()) == (RequestStatus.PENDING, True)


def test_the_sweep_answers_if_the_process_dies_after_the_commit(
    request_: CheerRequest, online: Online, partner: Partner, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("payments.books.holds.answered.send_robust", lambda *_, **__: None)
        online.run_operations()
    assert offered_to(request_) is None
    hold_answers.sweep_holds(clock.now)
    assert offered_to(request_) == partner


def test_a_failure_of_the_answer_leaves_the_hold_and_the_sweep_repeats_it(
    request_: CheerRequest, online: Online, partner: Partner, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(hold_answers, "answer_hold", breaks)
        online.run_operations()
    assert online.held() == 6000
    assert Hold.objects.get().next_step_at is None
    hold_answers.sweep_holds(clock.now)
    assert offered_to(request_) == partner


def test_a_declined_offer_goes_to_the_next_partner(
    request_: CheerRequest, online: Online, partner: Partner, nyc: object
) -> None:
    online.run_operations()
    make_partner("Second")
    decline(open_offer(request_))
    assert fresh(request_).attempts == 1
