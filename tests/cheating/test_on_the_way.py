"""Partners who are not where they say: teleports, early clocks, false no-shows, and staying away."""

from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from ops.sweep import sweep_presence
from payments.models import Payment
from regions.models import Region
from requests_app.models import Offer
from requests_app.offers import expire_offer
from requests_app.serving.silences import note_silences
from rides.models import Ride
from risk.states import FlagKind
from tests.cast import EMPIRE_STATE, Clock, Place, accept, assert_refused, at, fresh, match, north, offered_to, submit
from tests.cheating.conftest import Stage, flags
from tests.online import set_region
from tests.online_scenes import book, ride_of


@pytest.fixture
def bot_api(bot: Partner, partner_api: APIClient) -> APIClient:
    return partner_api


def sends(api: APIClient, clock: Clock, *places: Place, every_s: float = 4) -> None:
    """The bot's device reports these places, one after the other."""
    for place in places:
        clock.advance(every_s)
        assert api.post("/updateLocation", {"location": at(place)}).status_code == 204


def walks(api: APIClient, clock: Clock, start_m: int, end_m: int) -> None:
    """The bot goes from so many metres north of the place to so many, in believable steps."""
    step = 50 if end_m > start_m else -50
    sends(api, clock, *(north(metres) for metres in range(start_m, end_m + step, step)))


@pytest.fixture
def taken(stage: Stage, victim: User, bot: Partner, bot_api: APIClient, nyc: Region) -> Ride:
    """The bot has accepted, and goes away instead of coming."""
    ride = ride_of(book(stage.online, victim), nyc)
    assert ride.partner_id == bot.pk
    walks(bot_api, stage.clock, 500, 1900)
    return ride


def call(api: APIClient, path: str, ride: Ride) -> Any:
    return api.post(path, {"rideId": str(ride.pk)})


def test_a_teleport_arrives_nowhere(stage: Stage, bot_api: APIClient, taken: Ride) -> None:
    sends(bot_api, stage.clock, EMPIRE_STATE, EMPIRE_STATE, EMPIRE_STATE)
    assert_refused(call(bot_api, "/rideArrive", taken), 409, "not_at_place")
    assert_refused(call(bot_api, "/rideStart", taken), 409, "not_arrived")
    assert fresh(taken).arrived_at is None
    assert stage.paid_out() == 0


def test_a_teleporter_is_offered_nothing_there_and_flagged(
    stage: Stage, other_user: User, bot: Partner, bot_api: APIClient
) -> None:
    home, crowd = north(500), north(5000)
    for _ in range(settings.POSITION_FLAG_REPORTS):
        sends(bot_api, stage.clock, crowd, home)
    sends(bot_api, stage.clock, crowd)
    stage.online.save_card(other_user)
    request = submit(other_user, at=crowd)
    stage.online.work()
    offer = Offer.objects.filter(request=request, partner=bot).first()
    assert offer is None or offer.distance_m > 4000
    assert flags(account=bot.user) == [FlagKind.IMPLAUSIBLE_POSITION]


def test_the_clock_does_not_start_early(stage: Stage, bot_api: APIClient, taken: Ride) -> None:
    for _ in range(3):
        assert_refused(call(bot_api, "/rideStart", taken), 409, "not_arrived")
        stage.clock.advance(300)
    assert not Payment.objects.exists()
    assert stage.paid_out() == 0


def test_an_early_start_is_flagged_where_a_region_lets_it_happen(
    stage: Stage, victim: User, bot: Partner, bot_api: APIClient, nyc: Region
) -> None:
    set_region(start_guard="none")
    nyc.refresh_from_db()
    ride = ride_of(book(stage.online, victim), nyc)
    walks(bot_api, stage.clock, 500, 1900)
    assert call(bot_api, "/rideStart", ride).status_code == 200
    stage.clock.advance(600)
    assert call(bot_api, "/rideEnd", ride).status_code == 200
    assert FlagKind.EARLY_START in flags(ride=ride)
    assert stage.paid_out() == 0


def test_a_session_that_its_partner_leaves_is_flagged(
    stage: Stage, victim: User, bot: Partner, bot_api: APIClient, nyc: Region
) -> None:
    ride = ride_of(book(stage.online, victim), nyc)
    walks(bot_api, stage.clock, 500, 0)
    sends(bot_api, stage.clock, EMPIRE_STATE, EMPIRE_STATE)
    assert call(bot_api, "/rideStart", ride).status_code == 200
    walks(bot_api, stage.clock, 0, 1200)
    assert call(bot_api, "/rideEnd", ride).status_code == 200
    assert flags(ride=ride) == [FlagKind.PARTED_DURING_SESSION]
    assert stage.paid_out() == 0


@pytest.mark.parametrize("trick", ["from afar", "teleports", "comes for a moment", "nobody was there"])
def test_a_false_no_show_earns_no_fee(
    stage: Stage, victim: User, user_api: APIClient, bot_api: APIClient, taken: Ride, trick: str
) -> None:
    if trick == "teleports":
        sends(bot_api, stage.clock, EMPIRE_STATE, EMPIRE_STATE, EMPIRE_STATE)
    elif trick in ("comes for a moment", "nobody was there"):
        walks(bot_api, stage.clock, 1900, 0)
        assert call(bot_api, "/rideArrive", taken).status_code == 200
    if trick == "comes for a moment":
        walks(bot_api, stage.clock, 0, 600)
        walks(bot_api, stage.clock, 600, 0)
    if trick == "nobody was there":
        assert user_api.post(f"/ride/{taken.pk}/nobodyHere").status_code == 200
        sends(bot_api, stage.clock, *[EMPIRE_STATE] * 4, every_s=75)
    code = {"nobody was there": "arrival_disputed", "comes for a moment": "too_early"}.get(trick, "not_arrived")
    assert_refused(call(bot_api, "/rideNoShow", taken), 409, code)
    assert not Payment.objects.exists()
    if trick == "nobody was there":
        assert flags(ride=taken) == [FlagKind.ARRIVAL_DISPUTED]
    assert stage.paid_out() == 0


def test_a_device_that_is_off_during_the_wait_earns_no_fee_unseen(
    stage: Stage, victim: User, bot_api: APIClient, taken: Ride
) -> None:
    walks(bot_api, stage.clock, 1900, 0)
    assert call(bot_api, "/rideArrive", taken).status_code == 200
    for _ in range(10):
        now = stage.clock.advance(30)
        sweep_presence(now)
        note_silences(now)
    sends(bot_api, stage.clock, EMPIRE_STATE)
    assert call(bot_api, "/rideNoShow", taken).status_code == 200
    assert flags(ride=taken) == [FlagKind.SILENT_PARTNER]
    assert stage.paid_out() == 0


@pytest.mark.parametrize("trick", ["stays away", "stays where it was", "turns its device off"])
def test_staying_away_until_the_user_cancels_earns_no_fee(
    stage: Stage, victim: User, user_api: APIClient, bot_api: APIClient, taken: Ride, trick: str
) -> None:
    """The user pays for cancelling late, so a bot that never comes would be paid for that."""
    stage.clock.advance(fresh(taken.request).region.cancellation_grace_s)
    if trick == "stays where it was":
        walks(bot_api, stage.clock, 1900, 500)
    elif trick == "stays away":
        sends(bot_api, stage.clock, north(1900))
    assert user_api.post(f"/cheerRequest/{taken.request_id}/cancel", {}).status_code == 200
    assert [payment.kind for payment in Payment.objects.all()] == ["cancellation_fee"]
    silent = trick == "turns its device off"
    assert flags(ride=taken) == [FlagKind.SILENT_PARTNER if silent else FlagKind.STAYED_AWAY]
    assert stage.paid_out() == 0


@pytest.mark.parametrize("silent_s", [4, 600])
def test_coming_and_being_silent_is_no_staying_away(
    stage: Stage, victim: User, user_api: APIClient, bot_api: APIClient, nyc: Region, silent_s: int
) -> None:
    """In a tunnel a device says nothing, and its last word is that the partner was coming."""
    ride = ride_of(book(stage.online, victim), nyc)
    walks(bot_api, stage.clock, 500, 400)
    stage.clock.advance(fresh(ride.request).region.cancellation_grace_s + silent_s)
    assert user_api.post(f"/cheerRequest/{ride.request_id}/cancel", {}).status_code == 200
    assert flags(ride=ride) == []


def test_letting_offers_lapse_keeps_nobody_waiting(
    stage: Stage, victim: User, bot: Partner, other_partner: Partner, nyc: Region
) -> None:
    """Another partner is asked; the bot has had one offer, and no money."""
    request = book(stage.online, victim)
    match(nyc)
    offer = Offer.objects.get(request=request)
    assert offer.partner_id == bot.pk
    stage.clock.advance(settings.OFFER_TTL_S + 1)
    assert expire_offer(offer.pk, now=stage.clock.now)
    match(nyc)
    assert offered_to(request) == other_partner
    accept(Offer.objects.get(request=request, partner=other_partner))
    assert stage.paid_out() == 0
