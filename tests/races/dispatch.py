"""Races for offers: matchers, answers, deadlines and people who leave."""

from typing import Any

from accounts.applications import decide_application
from accounts.states import Application
from requests_app import offers, services
from requests_app.matching.batch import match_batch
from requests_app.models import Offer
from requests_app.serving import availability, fulfilment
from requests_app.states import OfferStatus
from tests.cast import (
    accept,
    decline,
    fresh,
    match,
    north,
    offered_to,
    queue,
)
from tests.races.stage import Race, Stage, now, one_of, one_wins, why


def accept_and_accept(stage: Stage) -> Race:
    offer = stage.offer()
    return Race([lambda: accept(offer)] * 4, one_wins("offer_taken"))


def accept_and_user_cancels(stage: Stage) -> Race:
    offer = stage.offer()

    def judge(outcomes: list[Any]) -> None:
        one_of(("done", "done"), ("offer_rescinded", "done"))(outcomes)
        assert fresh(offer.request).status == "cancelled"
        assert fresh(offer.partner).status == "available"

    return Race(
        [
            lambda: accept(offer),
            lambda: services.cancel_request(offer.request.user, offer.request_id, reason="", now=now()),
        ],
        judge,
    )


def accept_and_expiry(stage: Stage) -> Race:
    offer = stage.offer()

    def judge(outcomes: list[Any]) -> None:
        accepted, expired = outcomes
        assert (why(accepted), expired) in (("done", False), ("offer_expired", True))

    return Race(
        [
            lambda: fulfilment.accept_offer(fresh(offer.partner), offer_id=offer.pk, now=offer.created_at),
            lambda: offers.expire_offer(offer.pk, now=offer.expires_at),
        ],
        judge,
    )


def accept_and_going_offline(stage: Stage) -> Race:
    offer = stage.offer()
    return Race(
        [lambda: accept(offer), lambda: availability.go_offline(fresh(offer.partner), now=now())],
        one_of(("done", "partner_busy"), ("offer_declined", "done")),
    )


def accept_and_decline(stage: Stage) -> Race:
    offer = stage.offer()
    return Race(
        [lambda: accept(offer), lambda: decline(offer)], one_of(("done", "offer_taken"), ("offer_declined", "done"))
    )


def accept_and_release(stage: Stage) -> Race:
    offer = stage.offer()

    def judge(outcomes: list[Any]) -> None:
        assert why(outcomes[0]) in ("done", "offer_rescinded")
        assert why(outcomes[1]) in ("done", "offer_answered", "partner_at_work")

    return Race(
        [lambda: accept(offer), lambda: fulfilment.release_partner(offer.partner, actor=stage.staff, now=now())], judge
    )


def two_matchers(stage: Stage) -> Race:
    for number in range(3):
        stage.partner(f" {number}", metres=200 * number)
    requests = [queue(stage.user(f" {number}"), at=north(-150 * number)) for number in range(4)]

    def judge(outcomes: list[Any]) -> None:
        assert {why(outcome) for outcome in outcomes} == {"done"}
        match(stage.nyc)
        asked = [offered_to(request) for request in requests]
        assert len({partner.pk for partner in asked if partner}) == 3
        assert asked.count(None) == 1

    return Race([lambda: match_batch(stage.nyc)] * 3, judge)


def matcher_and_user_cancels(stage: Stage) -> Race:
    stage.partner()
    request = queue(stage.user())

    def judge(outcomes: list[Any]) -> None:
        assert {why(outcome) for outcome in outcomes} == {"done"}
        assert fresh(request).status == "cancelled"
        assert not Offer.objects.filter(request=request, status=OfferStatus.PENDING).exists()

    return Race(
        [
            lambda: match_batch(stage.nyc),
            lambda: services.cancel_request(request.user, request.pk, reason="", now=now()),
        ],
        judge,
    )


def matcher_and_going_offline(stage: Stage) -> Race:
    partner = stage.partner()
    queue(stage.user())
    return Race(
        [lambda: match_batch(stage.nyc), lambda: availability.go_offline(partner, now=now())],
        one_of(("done", "done"), ("done", "partner_offered")),
    )


def matcher_and_suspension(stage: Stage) -> Race:
    partner = stage.partner()
    queue(stage.user())
    return Race(
        [
            lambda: match_batch(stage.nyc),
            lambda: decide_application(partner, Application.SUSPENDED, actor=stage.staff, now=now()),
        ],
        one_of(("done", "done"), ("done", "partner_at_work")),
    )


DISPATCH = [
    accept_and_accept,
    accept_and_user_cancels,
    accept_and_expiry,
    accept_and_going_offline,
    accept_and_decline,
    accept_and_release,
    two_matchers,
    matcher_and_user_cancels,
    matcher_and_going_offline,
    matcher_and_suspension,
]
