"""Races for rides, from acceptance to the end."""

from typing import Any

from payments.models import Payment
from requests_app import services
from requests_app.serving import fulfilment
from tests.cast import (
    end,
    fresh,
    start,
)
from tests.races.stage import Race, Stage, now, one_of, one_wins, why


def end_and_end(stage: Stage) -> Race:
    ride = start(stage.ride())

    def judge(outcomes: list[Any]) -> None:
        one_wins("ride_completed")(outcomes)
        assert Payment.objects.filter(ride=ride).count() == 1

    return Race([lambda: end(ride)] * 3, judge)


def start_and_start(stage: Stage) -> Race:
    ride = stage.ride()
    return Race([lambda: start(ride)] * 2, one_wins("ride_already_started"))


def start_and_user_cancels(stage: Stage) -> Race:
    ride = stage.ride()
    return Race(
        [
            lambda: start(ride),
            lambda: services.cancel_request(ride.user, ride.request_id, reason="", now=now()),
        ],
        one_of(("done", "ride_in_progress"), ("ride_cancelled", "done")),
    )


def session_and_user_cancels(stage: Stage) -> Race:
    ride = stage.ride()
    return Race(
        [
            lambda: end(start(ride)),
            lambda: services.cancel_request(ride.user, ride.request_id, reason="", now=now()),
        ],
        one_of(("done", "ride_in_progress"), ("done", "request_completed"), ("ride_cancelled", "done")),
    )


def start_and_release(stage: Stage) -> Race:
    ride = stage.ride()

    def judge(outcomes: list[Any]) -> None:
        assert why(outcomes[0]) in ("done", "ride_cancelled")
        assert why(outcomes[1]) in ("done", "ride_in_progress")

    return Race(
        [lambda: start(ride), lambda: fulfilment.release_partner(ride.partner, actor=stage.staff, now=now())], judge
    )


def both_sides_cancel(stage: Stage) -> Race:
    ride = stage.ride()

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "ride_cancelled"), ("done", "done"))(outcomes)
        assert fresh(ride.request).status == "cancelled"

    return Race(
        [
            lambda: services.cancel_request(ride.user, ride.request_id, reason="", now=now()),
            lambda: fulfilment.cancel_by_partner(ride.partner, ride.pk, reason="x", now=now()),
        ],
        judge,
    )


FULFILMENT = [
    end_and_end,
    session_and_user_cancels,
    start_and_start,
    start_and_user_cancels,
    start_and_release,
    both_sides_cancel,
]
