"""Partners who read homes: they take offers for the places and notes in them, and serve nobody."""

import json
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Partner
from notifications.models import Event
from regions.models import Region
from requests_app.models import Offer
from requests_app.offers import expire_offer
from risk.states import FlagKind
from tests.cast import Place, accept, client_of, make_user, match, north, open_offer, report, submit
from tests.cheating.conftest import Stage, flags


def victim_at(stage: Stage, nyc: Region, name: str, place: Place) -> Offer:
    """A user who pays by card asks for a cheer at home, and the nearest partner is offered it."""
    resident = make_user(name)
    stage.online.save_card(resident)
    request = submit(resident, at=place, note=f"Door code of {name}")
    stage.online.work()
    match(nyc)
    return open_offer(request)


def gone(offer: Offer) -> None:
    """The user gives up."""
    client_of(offer.request.user).post(f"/cheerRequest/{offer.request_id}/cancel", {})


def turn_down(stage: Stage, bot: Partner, offer: Offer, way: str) -> None:
    """The bot has read the offer, and does not come."""
    api = client_of(bot.user)
    if way == "declines":
        assert api.post("/rideDecline", {"offerId": str(offer.pk)}).status_code == 204
    elif way == "lets lapse":
        stage.clock.advance(settings.OFFER_TTL_S + 1)
        assert expire_offer(offer.pk, now=stage.clock.now)
    else:
        ride = accept(offer)
        assert api.post("/rideCancel", {"rideId": str(ride.pk), "reason": "busy"}).status_code == 200


@pytest.mark.parametrize("way", ["declines", "lets lapse", "accepts and calls off"])
def test_farming_offers_ends_with_rough_ones_and_a_flag(stage: Stage, bot: Partner, nyc: Region, way: str) -> None:
    for number in range(settings.DECLINES_AT_LEAST):
        report(bot, north(500))
        offer = victim_at(stage, nyc, f"Resident {number}", north(10 * number))
        turn_down(stage, bot, offer, way)
        gone(offer)
    assert flags(account=bot.user) == [FlagKind.DECLINES_FAR_ABOVE_USUAL]
    report(bot, north(500))
    home = north(77)
    offer = victim_at(stage, nyc, "Last", home)
    told = [event.payload for event in Event.objects.filter(recipient=f"partner:{bot.pk}")]
    said = json.dumps([each for each in told if str(offer.pk) in json.dumps(each)])
    assert said != "[]"
    assert "Door code" not in said
    assert str(home[0]) not in said
    seen: dict[str, Any] = client_of(bot.user).get(f"/cheerRequest/{offer.request_id}").json()
    assert seen["note"] == ""
    assert seen["location"]["lat"] != pytest.approx(home[0], abs=1e-6)
    assert stage.paid_out() == 0
