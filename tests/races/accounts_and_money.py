"""Races for accounts, payments and ratings, and for one call sent twice."""

from typing import Any

from rest_framework.test import APIClient

from accounts.models import SocketTicket, User
from accounts.socket_tickets import issue_socket_ticket, redeem_socket_ticket
from payments.models import Payment, ProviderEvent
from payments.provider.webhook import take_provider_event
from payments.states import PaymentKind
from requests_app import dead_letters
from requests_app.models import CheerRequest
from rides.models import Ride
from rides.services import rate_ride, tip_ride
from risk.flags import clear, raise_flag
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import (
    EMPIRE_STATE,
    PASSWORD,
    at,
    client_of,
    end,
    fresh,
    start,
    submit,
)
from tests.races.stage import Race, Stage, now, one_of, one_wins
from tests.settling import settle_in_cash


def end_and_rating(stage: Stage) -> Race:
    """A repeated end waits for what a rating holds, and must not hold what the rating waits for."""
    ride = end(start(stage.ride()))
    return Race([lambda: end(ride), lambda: rate_ride(ride, stars=5, comment="")], one_of(("ride_completed", "done")))


def rating_and_rating(stage: Stage) -> Race:
    ride = end(start(stage.ride()))

    def judge(outcomes: list[Any]) -> None:
        one_wins("already_rated")(outcomes)
        assert fresh(ride.partner).rating_count == 1

    return Race([lambda: rate_ride(fresh(ride), stars=5, comment="")] * 2, judge)


def tip_and_tip(stage: Stage) -> Race:
    ride = end(start(stage.ride()))

    def judge(outcomes: list[Any]) -> None:
        one_wins("payment_exists")(outcomes)
        assert Payment.objects.filter(ride=ride, kind=PaymentKind.TIP).count() == 1

    return Race([lambda: tip_ride(fresh(ride), amount=50, currency="usd", now=now())] * 2, judge)


def flag_and_flag(stage: Stage) -> Race:
    user = stage.user()

    def find() -> None:
        raise_flag(FlagKind.CARD_VELOCITY, now=now(), account_id=user.pk)

    def judge(outcomes: list[Any]) -> None:
        assert outcomes == [None, None]
        assert Flag.objects.get(account=user).times == 2

    return Race([find, find], judge)


def flag_and_review(stage: Stage) -> Race:
    """A rule that fires while its flag is cleared counts on that one, or raises another."""
    user = stage.user()
    raise_flag(FlagKind.CARD_VELOCITY, now=now(), account_id=user.pk)
    flag = Flag.objects.get(account=user)

    def judge(outcomes: list[Any]) -> None:
        assert outcomes == [None, None]
        assert sum(Flag.objects.filter(account=user).values_list("times", flat=True)) == 2

    return Race(
        [
            lambda: raise_flag(FlagKind.CARD_VELOCITY, now=now(), account_id=user.pk),
            lambda: clear(flag, actor=stage.staff, now=now()),
        ],
        judge,
    )


def paid_in_cash_and_online(stage: Stage) -> Race:
    payment = Payment.objects.get(ride=end(start(stage.ride())))
    intent = {"metadata": {"paymentId": str(payment.pk)}, "amount_received": payment.amount, "currency": "usd"}
    event = {
        "id": f"evt_{stage.name}",
        "type": "payment_intent.succeeded",
        "data": {"object": {"id": f"pi_{stage.name}", **intent}},
    }

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"), ("already_paid", "done"))(outcomes)
        assert [step.new for step in payment.transitions.all()] == ["due", "paid"]

    return Race(
        [
            lambda: settle_in_cash(payment, actor=stage.staff, now=now()),
            lambda: take_provider_event(event, now=now()),
        ],
        judge,
    )


def the_same_event_twice(stage: Stage) -> Race:
    payment = Payment.objects.get(ride=end(start(stage.ride())))
    intent = {"metadata": {"paymentId": str(payment.pk)}, "amount_received": payment.amount, "currency": "usd"}
    event = {
        "id": f"evt_{stage.name}",
        "type": "payment_intent.succeeded",
        "data": {"object": {"id": f"pi_{stage.name}", **intent}},
    }

    def judge(outcomes: list[Any]) -> None:
        assert sorted(outcomes) == [False, True]
        assert ProviderEvent.objects.filter(pk=event["id"]).count() == 1

    return Race([lambda: take_provider_event(event, now=now())] * 2, judge)


def one_user_asks_twice(stage: Stage) -> Race:
    user = stage.user()
    return Race([lambda: submit(user)] * 2, one_wins("request_already_open"))


def requeue_and_a_new_request(stage: Stage) -> Race:
    request = submit(stage.user())
    dead_letters.dead_letter(request.pk, now=request.give_up_at)
    return Race(
        [
            lambda: dead_letters.requeue_request(request, actor=stage.staff, now=now()),
            lambda: submit(request.user),
        ],
        one_wins("request_already_open"),
    )


def one_address_signs_up_twice(stage: Stage) -> Race:
    body = {"email": f"twin.{stage.name}@cast.test", "password": PASSWORD}

    def judge(outcomes: list[Any]) -> None:
        assert [answer.status_code for answer in outcomes] == [201, 201]
        assert outcomes[0].json().keys() == outcomes[1].json().keys()
        assert User.objects.filter(email=body["email"]).count() == 1

    return Race([lambda: APIClient().post("/signup", body)] * 2, judge)


def one_user_applies_twice(stage: Stage) -> Race:
    clients = [client_of(user) for user in [stage.user()] * 2]
    body = {"phone": "+1 212 555 0100"}
    return Race([lambda c=client: c.post("/partner/apply", body) for client in clients], one_wins("already_applied"))


def one_ticket_twice(stage: Stage) -> Race:
    ticket, _ = issue_socket_ticket(stage.user(), now=now())

    def judge(outcomes: list[Any]) -> None:
        assert sorted(outcome is None for outcome in outcomes) == [False, True]
        assert not SocketTicket.objects.exists()

    return Race([lambda: redeem_socket_ticket(ticket, now=now())[0]] * 2, judge)


def one_key_twice(stage: Stage) -> Race:
    """The same call with the same Idempotency-Key: one effect, and the same answer to both."""
    clients = [client_of(user) for user in [stage.user()] * 2]
    body = {"location": at(EMPIRE_STATE)}

    def judge(outcomes: list[Any]) -> None:
        _one_answer(outcomes, 201)
        assert CheerRequest.objects.filter(user__email__contains=f"u.{stage.name}@").count() == 1

    return Race([lambda c=client: c.post("/cheerRequest", body, HTTP_IDEMPOTENCY_KEY="k") for client in clients], judge)


def _one_answer(outcomes: list[Any], status: int) -> None:
    assert [outcome.status_code for outcome in outcomes] == [status, status]
    assert outcomes[0].json() == outcomes[1].json()
    assert sorted("Idempotency-Replayed" in outcome for outcome in outcomes) == [False, True]


def one_key_accepts_twice(stage: Stage) -> Race:
    """The second waits for locks, and then finds the offer accepted: by its own first try."""
    offer = stage.offer()
    clients = [client_of(offer.partner.user) for _ in range(2)]
    body = {"offerId": str(offer.pk)}

    def judge(outcomes: list[Any]) -> None:
        _one_answer(outcomes, 201)
        assert offer.request.rides.count() == 1

    return Race([lambda c=client: c.post("/rideAccept", body, HTTP_IDEMPOTENCY_KEY="k") for client in clients], judge)


def one_key_saves_a_place_twice(stage: Stage) -> Race:
    """Nothing but the key refuses the second: it would save the same place again."""
    clients = [client_of(user) for user in [stage.user()] * 2]
    body = {"name": "Home", "location": at(EMPIRE_STATE)}
    return Race(
        [lambda c=client: c.post("/savedPlace", body, HTTP_IDEMPOTENCY_KEY="k") for client in clients],
        lambda outcomes: _one_answer(outcomes, 201),
    )


def one_key_guesses_twice(stage: Stage) -> Race:
    """A wrong PIN counts once for each key."""
    ride = stage.ride()
    Ride.objects.filter(pk=ride.pk).update(pin="1234")
    clients = [client_of(ride.partner.user) for _ in range(2)]
    body = {"rideId": str(ride.pk), "pin": "0000"}

    def judge(outcomes: list[Any]) -> None:
        _one_answer(outcomes, 403)
        assert fresh(ride).pin_failures == 1

    return Race([lambda c=client: c.post("/rideStart", body, HTTP_IDEMPOTENCY_KEY="k") for client in clients], judge)


ACCOUNTS_AND_MONEY = [
    end_and_rating,
    rating_and_rating,
    tip_and_tip,
    flag_and_flag,
    flag_and_review,
    paid_in_cash_and_online,
    the_same_event_twice,
    one_user_asks_twice,
    requeue_and_a_new_request,
    one_address_signs_up_twice,
    one_user_applies_twice,
    one_ticket_twice,
    one_key_twice,
    one_key_accepts_twice,
    one_key_saves_a_place_twice,
    one_key_guesses_twice,
]
