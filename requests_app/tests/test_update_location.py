"""`POST /updateLocation`. What becomes of a position is in positions/tests."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

import positions
from accounts.models import Partner
from core import valkey
from regions.models import Region
from requests_app.models import CheerRequest
from requests_app.wakeups import match_queue
from tests.cast import (
    Clock,
    assert_refused,
    at,
    client_of,
    make_applicant,
    make_partner,
    match,
    north,
    offered_to,
    unchanged,
)

HERE = {"location": at(north(200))}


def held(partner: Partner) -> tuple[float, float]:
    found = positions.held("nyc", [partner.pk])[partner.pk][0]
    return found.lat, found.lng


def test_is_held(partner_api: APIClient, partner: Partner, clock: Clock) -> None:
    clock.advance(1)
    response = partner_api.post("/updateLocation", HERE)
    assert response.status_code == 204
    assert response.content == b""
    assert held(partner) == pytest.approx(north(200))


def test_with_everything_that_a_device_knows(partner_api: APIClient, partner: Partner, clock: Clock) -> None:
    clock.advance(60)
    recorded = (clock.now - timedelta(seconds=10)).isoformat()
    body = {**HERE, "accuracyM": 5.5, "heading": 359.9, "speedMps": 0, "recordedAt": recorded}
    assert partner_api.post("/updateLocation", body).status_code == 204
    assert positions.held("nyc", [partner.pk])[partner.pk][0].recorded_at == clock.now - timedelta(seconds=10)


def test_an_older_one_is_dropped_with_the_same_answer(partner_api: APIClient, partner: Partner, clock: Clock) -> None:
    clock.advance(60)
    partner_api.post("/updateLocation", HERE)
    old = {"location": at(north(999)), "recordedAt": (clock.now - timedelta(seconds=1)).isoformat()}
    assert partner_api.post("/updateLocation", old).status_code == 204
    assert held(partner) == pytest.approx(north(200))


def test_twice(partner_api: APIClient, partner: Partner, clock: Clock) -> None:
    clock.advance(1)
    for _ in range(2):
        assert partner_api.post("/updateLocation", {**HERE, "recordedAt": clock.now.isoformat()}).status_code == 204
    assert held(partner) == pytest.approx(north(200))


def test_times_with_another_offset(partner_api: APIClient, partner: Partner, clock: Clock) -> None:
    clock.advance(60)
    for text in ("2020-01-01T12:00:00+05:30", "2020-01-01T12:00:00.5Z", "0001-01-01T00:00:00Z"):
        assert partner_api.post("/updateLocation", {**HERE, "recordedAt": text}).status_code == 204
    assert held(partner) == pytest.approx(north(500))


def test_a_first_position_wakes_the_matcher(nyc: Region, pending: CheerRequest) -> None:
    partner = make_partner("New", at=None)
    match(nyc)
    assert offered_to(pending) is None
    valkey.client().delete(match_queue("nyc"), "{nyc}:match:pending")
    client_of(partner.user).post("/updateLocation", HERE)
    assert valkey.client().llen(match_queue("nyc")) == 1
    match(nyc)
    assert offered_to(pending) == partner


def test_an_applicant_may_report_but_is_not_searchable(nyc: Region) -> None:
    applicant = make_applicant("Ann")
    assert client_of(applicant.user).post("/updateLocation", HERE).status_code == 204
    assert positions.searchable("nyc") == (set(), set())


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("anonymous", 401, "not_authenticated"),
        ("user", 403, "permission_denied"),
        ("staff", 403, "permission_denied"),
    ],
)
def test_only_partners(api_of: Any, who: str, status: int, code: str) -> None:
    assert_refused(api_of(who).post("/updateLocation", HERE), status, code)
    assert valkey.client().exists("{nyc}:pos") == 0


@pytest.mark.parametrize(
    ("change", "code", "attr"),
    [
        ({"location": None}, "null", "location"),
        ({"location": "40.7,-73.9"}, "invalid", "location.non_field_errors"),
        ({"location": [40.7, -73.9]}, "invalid", "location.non_field_errors"),
        ({"location": {"lat": 40.7}}, "required", "location.lng"),
        ({"location": {"lat": 90.001, "lng": 0}}, "max_value", "location.lat"),
        ({"location": {"lat": -90.001, "lng": 0}}, "min_value", "location.lat"),
        ({"location": {"lat": 0, "lng": 180.001}}, "max_value", "location.lng"),
        ({"location": {"lat": 0, "lng": -180.001}}, "min_value", "location.lng"),
        ({"location": {"lat": "40.7", "lng": 0}}, "invalid", "location.lat"),
        ({"location": {"lat": True, "lng": 0}}, "invalid", "location.lat"),
        ({"location": {"lat": None, "lng": 0}}, "null", "location.lat"),
        ({"location": {"lat": 10**400, "lng": 0}}, "invalid", "location.lat"),
        ({"accuracyM": -1}, "min_value", "accuracyM"),
        ({"heading": 361}, "max_value", "heading"),
        ({"speedMps": "fast"}, "invalid", "speedMps"),
        ({"recordedAt": "yesterday"}, "invalid", "recordedAt"),
        ({"recordedAt": 1_700_000_000}, "invalid", "recordedAt"),
        ({"recordedAt": None}, "null", "recordedAt"),
        ({"recordedAt": "2026-13-01T00:00:00Z"}, "invalid", "recordedAt"),
    ],
)
def test_malformed(
    partner_api: APIClient, partner: Partner, clock: Clock, change: dict[str, Any], code: str, attr: str
) -> None:
    clock.advance(1)
    with unchanged():
        assert_refused(partner_api.post("/updateLocation", {**HERE, **change}), 400, code, attr)
    assert held(partner) == pytest.approx(north(500))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(partner_api: APIClient, partner: Partner, clock: Clock, number: str) -> None:
    clock.advance(1)
    text = f'{{"location": {{"lat": {number}, "lng": 0}}}}'
    assert partner_api.post("/updateLocation", text, content_type="application/json").status_code == 400
    assert held(partner) == pytest.approx(north(500))
