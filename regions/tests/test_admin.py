"""Regions in the admin."""

import json
from typing import Any

import kombu.exceptions
import pytest
from django.test import Client

from accounts.models import User
from backoffice.tests.desk import desk_of, page_of, url_of
from regions.geometry import polygon_contains
from regions.models import Region
from requests_app.models import CheerRequest
from speedycheers.celery import app as celery_app
from tests.cast import unchanged

SQUARE = [[[2.2, 48.8], [2.5, 48.8], [2.5, 49.0], [2.2, 49.0], [2.2, 48.8]]]
PARIS = {
    "slug": "paris",
    "name": "Paris",
    "active": "on",
    "boundary": json.dumps(SQUARE),
    "time_zone": "Europe/Paris",
    "currency": "EUR",
    "increment_amount": "900",
    "increment_s": "300",
    "cancellation_fee_amount": "400",
    "cancellation_grace_s": "120",
    "no_show_fee_amount": "1000",
    "no_show_wait_s": "300",
    "hold_amount": "6000",
    "holds_max": "3",
    "commission_bps": "2000",
    "start_guard": "arrival_or_pin",
    "offer_detail": "exact",
}


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def told_workers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues that workers were told to serve."""
    queues: list[str] = []
    monkeypatch.setattr(celery_app.control, "add_consumer", queues.append)
    return queues


def test_a_new_region(desk: Client, told_workers: list[str]) -> None:
    assert desk.post(url_of(Region, "add"), PARIS).status_code == 302
    region = Region.objects.get(slug="paris")
    assert (region.currency, region.boundary, region.start_guard) == ("eur", SQUARE, "arrival_or_pin")
    assert polygon_contains(region.boundary, 48.9, 2.3)
    assert told_workers == ["match.paris"]


@pytest.mark.parametrize("error", [kombu.exceptions.OperationalError, ConnectionRefusedError])
def test_a_new_region_while_the_broker_is_away(
    desk: Client, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(queue: str) -> None:
        raise error

    monkeypatch.setattr(celery_app.control, "add_consumer", fail)
    assert desk.post(url_of(Region, "add"), PARIS).status_code == 302
    assert Region.objects.filter(slug="paris").exists()


@pytest.mark.parametrize(
    "boundary",
    [
        {"type": "Polygon", "coordinates": SQUARE},
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": SQUARE}},
        [SQUARE[0][:-1]],  # not closed
        [[[lng, lat, 35.0] for lng, lat in SQUARE[0]]],  # with altitudes
    ],
)
def test_a_boundary_in_other_dress(desk: Client, told_workers: list[str], boundary: Any) -> None:
    desk.post(url_of(Region, "add"), {**PARIS, "boundary": json.dumps(boundary)})
    assert Region.objects.get(slug="paris").boundary == SQUARE


ODD_BOUNDARIES = [
    "",
    "null",
    "5",
    "{",
    "[]",
    "[[]]",
    '["abc"]',
    '[["12", "34", "56", "78"]]',
    "[[[1, 2], [3, 4]]]",
    "[[[1, 2], [3, 4], [5, 6]]]",  # a line
    "[[[1, 1], [1, 1], [1, 1], [1, 1]]]",
    "[[[181, 2], [3, 4], [5, 1]]]",
    "[[[2, 91], [3, 4], [5, 1]]]",
    '[[["2", 2], [3, 4], [5, 1]]]',
    "[[[true, 2], [3, 4], [5, 1]]]",
    "[[[NaN, 2], [3, 4], [5, 1]]]",
    "[[[Infinity, 2], [3, 4], [5, 1]]]",
    "[[[1e999, 2], [3, 4], [5, 1]]]",
    f"[[[{'9' * 400}, 2], [3, 4], [5, 1]]]",
    f"[[[{'9' * 5000}, 2], [3, 4], [5, 1]]]",
    "[" * 100_000,
    '{"type": "MultiPolygon", "coordinates": []}',
    '{"type": "Feature"}',
    "\0",
]


@pytest.mark.parametrize("boundary", ODD_BOUNDARIES, ids=lambda text: text[:30])
def test_a_boundary_that_is_none(desk: Client, boundary: str) -> None:
    with unchanged():
        page = desk.post(url_of(Region, "add"), {**PARIS, "boundary": boundary})
        assert page.status_code == 200
        assert "boundary" in page.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "nyc"),
        ("slug", "not a slug"),
        ("slug", "match:{x}"),
        ("name", ""),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../../etc/passwd"),
        ("currency", "euro"),
        ("currency", "e1r"),
        ("increment_amount", "-1"),
        ("increment_amount", "9" * 30),
        ("increment_s", "0"),
        ("increment_s", "1.5"),
        ("cancellation_fee_amount", "-1"),
        ("cancellation_grace_s", "-1"),
    ],
)
def test_a_region_that_can_not_be(desk: Client, field: str, value: str) -> None:
    with unchanged():
        page = desk.post(url_of(Region, "add"), {**PARIS, field: value})
        assert page.status_code == 200
        assert field in page.context["adminform"].form.errors


def test_a_tariff_is_changed_and_the_slug_stays(desk: Client, nyc: Region, told_workers: list[str]) -> None:
    data = {**PARIS, "boundary": json.dumps(nyc.boundary), "increment_amount": "1100"}
    assert desk.post(page_of(nyc), data).status_code == 302
    saved = Region.objects.get()
    assert (saved.slug, saved.increment_amount, saved.active) == ("nyc", 1100, True)
    assert told_workers == []


def test_a_region_in_use_stays(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        desk.post(url_of(Region, "delete", pending.region_id), {"post": "yes"})


def test_the_outline_is_drawn(desk: Client, nyc: Region) -> None:
    assert "<path d=" in desk.get(page_of(nyc)).content.decode()
    Region.objects.update(boundary=["no polygon"])
    assert desk.get(page_of(nyc)).status_code == 200


def test_holidays_go_by_codes(desk: Client, told_workers: list[str]) -> None:
    assert desk.post(url_of(Region, "add"), {**PARIS, "country": "fr", "subdivision": "Zone A"}).status_code == 302
    region = Region.objects.get(slug="paris")
    assert (region.country, region.subdivision) == ("FR", "Zone A")


@pytest.mark.parametrize(("country", "subdivision"), [("XX", ""), ("US", "BY"), ("", "BY")])
def test_holidays_that_are_not_known_are_refused(desk: Client, country: str, subdivision: str) -> None:
    answer = desk.post(url_of(Region, "add"), {**PARIS, "country": country, "subdivision": subdivision})
    assert "whose holidays are known" in answer.content.decode()
    assert not Region.objects.filter(slug="paris").exists()
