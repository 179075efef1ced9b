"""`GET /estimate`: what it says, and what nobody can find out by it."""

from collections.abc import Callable
from math import ceil
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient

from accounts.models import Partner, User
from bench.arrival import simulated
from core import valkey
from insights.arrival.estimates import LEAST_M, SUPPLY_CELL_M
from insights.arrival.factors import LEVELS, learn
from insights.arrival.models import ArrivalTable
from insights.arrival.selectors import forget_tables
from insights.arrival.waits import CELL_M, EVERYWHERE
from regions.geometry import S_PER_M, middle_of_cell
from regions.models import Region
from regions.policies import Intake
from regions.services import set_intake
from requests_app.models import RequestType
from requests_app.selectors import request_types_by_slug
from tests.cast import EMPIRE_STATE, LONDON, Place, assert_error_shape, assert_refused, make_partner, north, report

pytestmark = pytest.mark.django_db
MIDDLE = middle_of_cell(*EMPIRE_STATE, side_m=SUPPLY_CELL_M)  # from where free partners are looked for
NOTHING = {"p50": None, "p90": None}
LATELY = {
    "chance": 0.85,
    "accepted_s": [10.0 * (step + 1) for step in range(len(LEVELS))],
    "arrived_s": [60.0 * (step + 1) for step in range(len(LEVELS))],
    "distance_m": 1500.0,
}


@pytest.fixture(autouse=True)
def _anew(settings: Settings) -> None:
    settings.POSITION_FLUSH_S = 0.0  # a report is there when it has been made
    forget_tables()


@pytest.fixture
def _looks_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for free partners anew at each call, instead of once a minute."""
    monkeypatch.setattr("insights.arrival.estimates.SUPPLY_KEPT_S", 0)


@pytest.fixture
def ask(anonymous: APIClient) -> Callable[..., Any]:
    """Ask at a place; without a token."""

    def asked(place: Place = EMPIRE_STATE, **more: Any) -> Any:
        return anonymous.get("/estimate", {"lat": place[0], "lng": place[1], **more})

    return asked


def know(region: Region, *, lately: dict[str, Any] | None = None, rides: int = 0) -> None:
    """Let a region have learnt from so many rides, and its recent requests have these figures."""
    factors = learn(simulated(rides, days=28, seed=1)).as_json() if rides else None
    ArrivalTable.objects.create(
        region=region,
        version=1,
        learned_at=timezone.now(),
        factors=factors,
        backtest={} if factors else None,
        recent={EVERYWHERE: lately} if lately else {},
    )
    forget_tables()


def partners(
    number: int, *, type: str = "cheerleader", first_m: float = 1000.0, of: Place = EMPIRE_STATE
) -> list[Partner]:
    """Free partners north of a place, ten metres apart."""
    return [make_partner(f"p{type}{n}", at=north(first_m + 10 * n, of), type=type) for n in range(number)]


# ---------------------------------------------------------------- what it says


def test_where_nothing_is_known_there_is_the_price(ask: Callable[..., Any], nyc: Region) -> None:
    response = ask(requestType="pep_talk")
    assert response.status_code == 200
    assert response.json() == {
        "waitS": NOTHING,
        "arrivalS": NOTHING,
        "price": {"amount": nyc.increment_amount, "currency": nyc.currency, "incrementS": nyc.increment_s},
        "chance": None,
    }


def test_what_was_learnt_is_told_in_whole_minutes(ask: Callable[..., Any], nyc: Region) -> None:
    know(nyc, lately=LATELY, rides=300)
    found = ask().json()
    assert found["chance"] == 0.85
    for each in ("waitS", "arrivalS"):
        assert 0 < found[each]["p50"] < found[each]["p90"]
        assert found[each]["p50"] % 60 == found[each]["p90"] % 60 == 0
    assert found["arrivalS"]["p50"] <= found["waitS"]["p50"]


def test_without_factors_the_constants_tell_the_way_and_the_past_the_wait(ask: Callable[..., Any], nyc: Region) -> None:
    know(nyc, lately=LATELY)
    found = ask().json()
    assert found["arrivalS"] == {"p50": 360, "p90": None}  # 1,500 m take 351 s
    assert found["waitS"] == {"p50": 600, "p90": 1080}


@pytest.mark.usefixtures("_looks_anew")
def test_the_way_is_that_of_who_is_free_now(ask: Callable[..., Any], nyc: Region) -> None:
    know(nyc, lately={**LATELY, "distance_m": 300.0})
    assert ask(MIDDLE).json()["arrivalS"]["p50"] == 120
    partners(5, first_m=-2500, of=MIDDLE)  # to the south, since the river is in the north
    assert ask(MIDDLE).json()["arrivalS"]["p50"] == 240


@pytest.mark.parametrize("who", ["user", "partner", "staff"])
def test_anyone_may_ask(who: str, api_of: Callable[[str], APIClient]) -> None:
    query = {"lat": EMPIRE_STATE[0], "lng": EMPIRE_STATE[1]}
    assert api_of(who).get("/estimate", query).status_code == 200


def test_elsewhere_it_is_refused_like_a_request(ask: Callable[..., Any]) -> None:
    assert_refused(ask(LONDON), 409, "region_not_served", "location")


def test_a_paused_region_says_so(ask: Callable[..., Any], nyc: Region, staff: User) -> None:
    set_intake(nyc, Intake.PAUSED, "A storm is coming.", actor=staff, reason="Storm", now=timezone.now())
    assert_refused(ask(), 409, "region_paused", "location")


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({}, "lat"),
        ({"lat": "40.7"}, "lng"),
        ({"lat": "north", "lng": "-73.9"}, "lat"),
        ({"lat": "nan", "lng": "-73.9"}, "lat"),
        ({"lat": "40.7", "lng": "inf"}, "lng"),
        ({"lat": "91", "lng": "-73.9"}, "lat"),
        ({"lat": "1" * 2000, "lng": "-73.9"}, "lat"),
        ({"lat": "40.7", "lng": "-73.9", "requestType": "hug"}, "requestType"),
    ],
)
def test_bad_questions(anonymous: APIClient, query: dict[str, str], attr: str) -> None:
    response = anonymous.get("/estimate", query)
    assert attr in {error["attr"] for error in assert_error_shape(response, 400)["errors"]}


def test_without_valkey_it_goes_by_the_past(
    ask: Callable[..., Any], nyc: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    know(nyc, lately=LATELY)
    partners(5, first_m=6000)

    def away(*arguments: Any, **how: Any) -> None:
        raise valkey.Unreachable

    monkeypatch.setattr("positions.nearest_to_many", away)
    assert ask().json()["arrivalS"]["p50"] == 360


# ---------------------------------------------------------------- what it does not say


def test_four_free_partners_are_as_good_as_none(ask: Callable[..., Any], nyc: Region) -> None:
    partners(4)
    assert ask().json()["arrivalS"] == NOTHING


def test_five_of_whom_four_can_serve_the_kind_are_as_good_as_none(ask: Callable[..., Any], nyc: Region) -> None:
    RequestType.objects.filter(slug="pep_talk").update(partner_types=["coach"])
    request_types_by_slug.forget()
    partners(1)
    partners(4, type="coach")
    assert ask(requestType="pep_talk").json()["arrivalS"] == NOTHING
    assert ask(requestType="classic").json()["arrivalS"]["p50"] is not None


def test_all_of_a_cell_of_four_kilometres_is_told_the_same_step(ask: Callable[..., Any], nyc: Region) -> None:
    """An attacker who asks all over the city gets one number for each cell, on a coarse scale."""
    partners(5)
    there = [(EMPIRE_STATE[0] + dy * 0.008, EMPIRE_STATE[1] + dx * 0.01) for dx in range(-4, 5) for dy in range(-4, 5)]
    told: dict[tuple[float, float], set[int]] = {}
    for place in there:
        answer = ask(place)
        if answer.status_code == 200:
            cell = middle_of_cell(*middle_of_cell(*place, side_m=CELL_M), side_m=SUPPLY_CELL_M)
            told.setdefault(cell, set()).add(answer.json()["arrivalS"]["p50"])
    steps = {60 * ceil(LEAST_M * 2 ** (step / 2) * S_PER_M / 60) for step in range(12)}
    assert len(told) > 2
    assert all(len(answers) == 1 and answers <= steps for answers in told.values())


@pytest.mark.usefixtures("_looks_anew")
def test_somebody_at_the_door_is_not_seen(ask: Callable[..., Any], nyc: Region) -> None:
    nearest = partners(5, of=MIDDLE)[0]
    before = ask(MIDDLE).content
    report(nearest, MIDDLE)
    assert ask(MIDDLE).content == before


def test_it_stays_for_a_minute_whoever_comes(ask: Callable[..., Any], nyc: Region) -> None:
    before = ask().content
    partners(6)
    assert ask().content == before


def test_an_answer_costs_no_statement_once_a_region_is_known(
    ask: Callable[..., Any], nyc: Region, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    know(nyc, lately=LATELY, rides=300)
    partners(5)
    ask()
    with django_assert_num_queries(0):
        assert ask(north(300)).status_code == 200


def test_who_asks_too_often_is_told_to_wait(
    ask: Callable[..., Any], settings: Settings, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.throttles.time.time", lambda: 1_800_000_030.0)
    rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "estimate": "2/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    assert ask()["Retry-After"] == "30"
