"""Races about arrivals, and about ends of sessions that both sides may ask for."""

from datetime import timedelta
from typing import Any

from positions import Position
from requests_app import services
from requests_app.serving import answers, arrival, fulfilment
from tests.cast import agree, arrive, come, fresh, start
from tests.races.stage import Race, Stage, now, one_of, why

WAIT_S = 60  # shorter than a position is fresh, because the positions are of the real time


def arrival_and_user_cancels(stage: Stage) -> Race:
    ride = stage.ride()
    come(ride)

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"), ("ride_cancelled", "done"))(outcomes)
        assert (fresh(ride).status, fresh(ride.partner).status) == ("cancelled", "available")

    return Race(
        [
            lambda: arrival.arrive(fresh(ride.partner), ride.pk, now=now()),
            lambda: services.cancel_request(ride.user, ride.request_id, reason="", now=now()),
        ],
        judge,
    )


def arrival_said_and_noticed(stage: Stage) -> Race:
    """It is one arrival, whoever is first."""
    ride = stage.ride()
    come(ride)
    there = Position(ride.request.lat, ride.request.lng, now())

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done", "done"))(outcomes)
        assert ride.signs.count() == 1

    return Race(
        [
            lambda: arrival.arrive(fresh(ride.partner), ride.pk, now=now()),
            lambda: arrival.notice(ride.partner_id, there, now=now()),
            lambda: arrival.notice(ride.partner_id, there, now=now()),
        ],
        judge,
    )


def start_and_nobody_here(stage: Stage) -> Race:
    """The user's word comes before the start, which is refused then, or after it, and ends the session."""
    ride = arrive(stage.ride())

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"), ("not_arrived", "done"), ("done", "ride_in_progress"))(outcomes)
        assert ride.flags.count() == (why(outcomes[1]) == "done")  # type: ignore[attr-defined]

    return Race(
        [
            lambda: fulfilment.start_session(fresh(ride.partner), ride.pk, pin="", now=now()),
            lambda: answers.nobody_here(ride.user, ride.pk, now=now()),
        ],
        judge,
    )


def both_end(stage: Stage) -> Race:
    """Partner and user end the session at the same time: one of them has."""
    ride = start(stage.ride())

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "ride_completed"), ("ride_completed", "done"))(outcomes)
        assert fresh(ride).ended_by == ("partner" if why(outcomes[0]) == "done" else "user")
        assert ride.payments.count() == 1  # type: ignore[attr-defined]

    return Race(
        [
            lambda: fulfilment.end_session(ride.partner.user, ride.pk, now=now()),
            lambda: fulfilment.end_session(ride.user, ride.pk, now=now()),
        ],
        judge,
    )


def no_show_and_i_am_here(stage: Stage) -> Race:
    """The user's word counts, unless the fee was first."""
    ride = stage.ride()
    agree(ride.request, no_show_wait_s=WAIT_S)
    ride = arrive(ride)
    waited = now() + timedelta(seconds=WAIT_S)

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "ride_cancelled"), ("too_early", "done"))(outcomes)
        fee = why(outcomes[0]) == "done"
        payments = ride.payments.count()  # type: ignore[attr-defined]
        assert (fresh(ride).status, payments) == (("cancelled", 1) if fee else ("en_route", 0))

    return Race(
        [
            lambda: arrival.report_no_show(fresh(ride.partner), ride.pk, now=waited),
            lambda: answers.user_here(ride.user, ride.pk, now=waited),
        ],
        judge,
    )


ARRIVAL = [
    arrival_and_user_cancels,
    arrival_said_and_noticed,
    start_and_nobody_here,
    both_end,
    no_show_and_i_am_here,
]
