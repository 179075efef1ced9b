"""Advice to partners: to whom it goes, what they are told, and where it is given."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction

from core import valkey
from insights.forecast.models import Forecast, ForecastModel, Method
from insights.positioning.models import Advice, Adviser, Outcome
from insights.positioning.planning import REST, Move
from insights.positioning.services import EVERY, advise_region, give_advice, sweep_advice
from insights.tests.advice.scenes import BUSY, HERE, advise, advised, change, ended
from notifications.events import Message, partner_recipient
from regions.models import Region
from regions.policies import Intake
from tests.cast import Clock, make_partner, make_user, north, report, submit

pytestmark = pytest.mark.django_db


def test_a_free_partner_is_told_where_it_will_be_busier(city: Region, clock: Clock, told: list[Message]) -> None:
    partner, advice = advised(city, clock)
    assert (advice.partner_id, advice.cell) == (partner.pk, HERE)
    ((recipient, kind, frame),) = told
    assert (recipient, kind) == (partner_recipient(partner.pk), "advice")
    assert set(frame) == {"advice"}
    said = frame["advice"]
    assert set(said) == {"adviceId", "location", "locationWithinM", "distanceM", "expiresAt"}
    assert (said["location"]["lat"], said["location"]["lng"]) == pytest.approx(BUSY, abs=1e-4)
    assert said["distanceM"] == advice.distance_m
    assert said["expiresAt"] == advice.until.isoformat()


def test_a_frame_that_was_lost_comes_again_with_the_way_that_is_left(
    city: Region, clock: Clock, told: list[Message]
) -> None:
    partner, advice = advised(city, clock)
    told.clear()
    report(partner, north(200))
    assert advise(city, clock) == [advice]
    ((_, _, frame),) = told
    assert frame["advice"]["distanceM"] == pytest.approx(advice.distance_m - 200, abs=5)


def test_who_is_offline_or_serves_or_looks_at_an_offer_is_left_alone(city: Region, clock: Clock) -> None:
    make_partner("Olga", online=False)
    make_partner("Otto")
    submit(make_user("Ada"))
    assert advise(city, clock) == []


def test_advice_of_a_partner_who_has_been_offered_something_meanwhile_is_not_stored(city: Region, clock: Clock) -> None:
    partner = make_partner("Pia")
    submit(make_user("Ada"))
    give_advice(city, [Move(partner.pk, HERE, 1200)], now=clock.now)
    assert not Advice.objects.exists()


def test_a_partner_and_a_cell_have_one_advice_at_a_time(city: Region, clock: Clock) -> None:
    partner, advice = advised(city, clock)
    other = make_partner("Otto")
    give_advice(city, [Move(other.pk, HERE, 1200), Move(partner.pk, HERE + 1, 1200)], now=clock.now)
    assert list(Advice.objects.all()) == [advice]
    for changes in ({"partner": other}, {"cell": HERE + 1}):
        again = {"partner": partner, "cell": HERE, **changes}
        times = {"given_at": clock.now, "until": clock.now + REST}
        with pytest.raises(IntegrityError), transaction.atomic():
            Advice.objects.create(region=city, distance_m=1, **again, **times)


def test_without_a_trained_forecast_of_now_nobody_is_advised(city: Region, clock: Clock) -> None:
    """The mean of a few days would say where single people were."""
    make_partner("Pia")
    ForecastModel.objects.update(method=Method.HISTORIC_MEAN)
    assert advise(city, clock) == []
    ForecastModel.objects.update(method=Method.LEARNED)
    Forecast.objects.update(starts_at=clock.now - timedelta(minutes=30))
    Adviser.objects.update(advise_at=clock.now)
    advise_region(city.pk)
    assert not Advice.objects.exists()
    assert len(advise(city, clock, 0)) == 1


def test_a_region_turns_it_off_and_on_by_its_policy(city: Region, clock: Clock, told: list[Message]) -> None:
    partner, advice = advised(city, clock)
    told.clear()
    change(city, clock, advises=False)
    assert advise(city, clock) == []
    assert ended(advice) == Outcome.WITHDRAWN
    assert told == [(partner_recipient(partner.pk), "advice", {"advice": None})]
    change(city, clock, advises=True)
    clock.advance(3600)
    report(partner, north(0))
    assert len(advise(city, clock, 0)) == 1


def test_the_installation_decides_for_policies_that_say_nothing(city: Region, clock: Clock, settings: Any) -> None:
    make_partner("Pia")
    settings.ADVISE_PARTNERS = False
    assert advise(city, clock) == []
    change(city, clock, advises=True)
    assert len(advise(city, clock)) == 1


def test_while_a_region_takes_no_requests_nobody_is_advised(city: Region, clock: Clock) -> None:
    make_partner("Pia")
    change(city, clock, intake=Intake.PAUSED)
    assert advise(city, clock) == []


def test_the_sweep_gives_a_region_its_adviser_and_starts_it(nyc: Region, clock: Clock) -> None:
    with patch("core.jobs.enqueue", return_value=True) as enqueue:
        sweep_advice(clock.now)
        sweep_advice(clock.now)
    assert [call.args for call in enqueue.call_args_list] == [("advise_partners", str(nyc.pk))]


def test_a_second_run_finds_nothing_to_do(city: Region, clock: Clock, told: list[Message]) -> None:
    make_partner("Pia")
    advise_region(city.pk)
    advise_region(city.pk)
    assert len(told) == Advice.objects.count() == 1
    assert Adviser.objects.get().advise_at == clock.now + EVERY


def test_while_valkey_is_away_advice_stays_as_it_is(city: Region, clock: Clock) -> None:
    _, advice = advised(city, clock)
    with patch("insights.positioning.selectors.whereabouts", side_effect=valkey.Unreachable):
        assert advise(city, clock, 3600) == [advice]
    assert Adviser.objects.get().advise_at == clock.now + EVERY
