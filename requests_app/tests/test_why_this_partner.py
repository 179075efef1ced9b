"""Both sides are told why it is this partner, in one sentence of figures that gives nobody else away."""

import json
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Partner, User
from notifications.models import Event
from ops.sweep import sweep_deadlines
from regions.models import OfferDetail, Region
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.serializers import offer_body
from requests_app.serving.availability import go_offline
from requests_app.serving.fulfilment import cancel_by_partner
from tests.cast import (
    Clock,
    accept,
    client_of,
    decline,
    end,
    fresh,
    make_partner,
    make_user,
    match,
    north,
    open_offer,
    queue,
    start,
    submit,
)


def why(rank: int, of: int, metres: int) -> dict[str, int]:
    return {"rank": rank, "of": of, "distanceM": metres}


def seen_by(user: User, request: CheerRequest) -> Any:
    """The request as its user sees it."""
    return client_of(user).get(f"/cheerRequest/{request.pk}").json()["why"]


def last_frame(recipient: str, type: str) -> dict[str, Any]:
    event = Event.objects.filter(recipient=recipient, type=type).latest("seq")
    payload: dict[str, Any] = event.payload
    return payload


@pytest.fixture
def three(nyc: Region) -> list[Partner]:
    return [make_partner(name, at=north(metres)) for name, metres in (("Near", 270), ("Middle", 430), ("Far", 760))]


# ---------------------------------------------------------------- the partner


def test_the_partner_is_told_with_the_offer(three: list[Partner], user: User) -> None:
    offer = open_offer(submit(user))
    told = last_frame(f"partner:{three[0].pk}", "offer")["offer"]
    assert told["why"] == offer_body(offer)["why"] == why(1, 3, 300)


def test_the_only_one(user: User, partner: Partner) -> None:
    assert offer_body(open_offer(submit(user)))["why"] == why(1, 1, 500)


def test_only_those_who_could_come_are_counted(nyc: Region, user: User) -> None:
    RequestType.objects.filter(slug="pep_talk").update(partner_types=["mascot"])
    make_partner("Nearer", at=north(100))
    for number in range(2):
        make_partner(f"Mascot {number}", at=north(200.0 + number), type="mascot")
    make_partner("Farther", at=north(400))
    assert offer_body(open_offer(submit(user)))["why"] == why(1, 2, 200)


def test_who_declined_is_not_counted_by_the_matcher(three: list[Partner], nyc: Region, user: User) -> None:
    request = submit(user)
    decline(open_offer(request))
    match(nyc)
    assert offer_body(open_offer(request))["why"] == why(1, 2, 400)


def test_the_second_nearest_where_the_nearest_is_needed_elsewhere(nyc: Region, user: User, other_user: User) -> None:
    make_partner("Between", at=north(0))
    make_partner("North", at=north(400))
    south, middle = queue(user, at=north(-200)), queue(other_user, at=north(100))
    match(nyc)
    assert offer_body(open_offer(south))["why"] == why(1, 2, 200)
    assert offer_body(open_offer(middle))["why"] == why(2, 2, 300)


@pytest.fixture
def rough(nyc: Region) -> None:
    Region.objects.update(offer_detail=OfferDetail.APPROXIMATE)
    nyc.refresh_from_db()


def test_an_approximate_offer_says_no_more_than_its_figures(rough: None, user: User, partner: Partner) -> None:
    body = offer_body(open_offer(submit(user)))
    assert body["locationWithinM"]
    assert abs(body["distanceM"] - 500) > 50
    assert body["why"]["distanceM"] == round(body["distanceM"], -2)


def test_somebody_at_the_place_is_100_m_away(nyc: Region, user: User) -> None:
    make_partner("Here", at=north(3))
    assert offer_body(open_offer(submit(user)))["why"] == why(1, 1, 100)


def test_an_offer_of_an_older_release_does_not_say(user: User, partner: Partner) -> None:
    request = submit(user)
    Offer.objects.update(rank=None, among=None)
    offer = open_offer(request)
    assert offer_body(offer)["why"] is None
    accept(offer)
    assert seen_by(user, request) is None


# ---------------------------------------------------------------- the user


def test_the_user_is_told_once_somebody_has_accepted(three: list[Partner], user: User, user_api: APIClient) -> None:
    request = submit(user)
    assert seen_by(user, request) is None
    assert last_frame(f"user:{user.pk}", "request.updated")["request"]["why"] is None
    ride = accept(open_offer(request))
    assert last_frame(f"user:{user.pk}", "request.updated")["request"]["why"] == why(1, 3, 300)
    assert seen_by(user, request) == user_api.get("/cheerRequest").json()["results"][0]["why"] == why(1, 3, 300)
    start(ride)
    assert seen_by(user, request) == why(1, 3, 300)
    end(ride)
    assert seen_by(user, request) is None


def test_it_is_about_the_one_who_comes(three: list[Partner], nyc: Region, user: User, clock: Clock) -> None:
    """A first one accepted and has called off; a second one has let it lapse."""
    request = submit(user)
    ride = accept(open_offer(request))
    cancel_by_partner(fresh(three[0]), ride.pk, reason="flat tyre", now=clock.now)
    assert seen_by(user, request) is None
    clock.advance(1)
    match(nyc)
    clock.now = open_offer(request).expires_at
    sweep_deadlines(clock.now)
    match(nyc)
    offer = open_offer(request)
    accept(offer)
    assert seen_by(user, request) == why(1, offer.among, round(offer.distance_m, -2))
    assert offer.partner_id == three[2].pk


def test_the_partner_and_others_are_not_told_what_the_user_is(
    three: list[Partner], user: User, outsider_api: APIClient
) -> None:
    request = submit(user)
    offer = open_offer(request)
    accept(offer)
    assert client_of(offer.partner.user).get(f"/cheerRequest/{request.pk}").json()["why"] is None
    assert outsider_api.get(f"/cheerRequest/{request.pk}").status_code == 404


# ---------------------------------------------------------------- nobody else is given away


def test_nothing_that_is_told_names_or_places_another_partner(three: list[Partner], user: User) -> None:
    request = submit(user)
    accept(open_offer(request))
    seen = json.dumps(list(Event.objects.values_list("payload", flat=True)))
    for other in three[1:]:
        for word in (other.name, str(other.pk), str(other.lat)):
            assert word not in seen


def test_the_same_is_told_wherever_the_others_are(nyc: Region) -> None:
    """Farther ones could be anywhere within reach."""
    told = []
    for others in ((400, 500), (600, 750)):
        for metres in (210, *others):
            make_partner(f"P{metres} of {others}", at=north(metres))
        told.append(offer_body(open_offer(submit(make_user(f"Asker {others}"))))["why"])
        for partner in Partner.objects.exclude(status="offered"):
            go_offline(partner, now=timezone.now())
    assert told[0] == told[1] == why(1, 3, 200)
