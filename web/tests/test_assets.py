"""What pages are made of: it is all there, none of it comes from elsewhere, and a strict CSP would let it through."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from accounts.models import Partner, User
from rides.models import Ride
from web.templatetags.cheers import DRAWN_KINDS
from web.tests.browse import browser_of

STATIC = settings.BASE_DIR / "static"
TEMPLATES = [path for path in (settings.BASE_DIR / "templates").rglob("*.html") if "admin" not in path.parts]
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
STYLES = sorted((STATIC / "css").glob("*.css"))
MAX_LINES = 300


def test_every_static_file_named_in_a_template_is_there() -> None:
    for path in TEMPLATES:
        for name in re.findall(r"{% static '([^']+)' %}", path.read_text()):
            assert finders.find(name), f"{path.name}: {name}"


def test_every_import_of_a_script_is_there() -> None:
    for path in SCRIPTS:
        for name in re.findall(r'from "\./([^"]+)"', path.read_text()):
            assert (STATIC / "js" / name).is_file(), f"{path.name}: {name}"


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=lambda path: path.name)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


def test_every_kind_that_we_draw_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (STATIC / "icons" / "kinds.svg").read_text()))
    assert drawn == DRAWN_KINDS


def test_the_map_is_small_and_whole() -> None:
    path = STATIC / "map" / "manhattan.geojson"
    assert path.stat().st_size < 120_000
    features = json.loads(path.read_text())["features"]
    assert len(features) == 61
    for feature in features:
        lng, lat = feature["properties"]["label"]
        assert 40.6 < lat < 40.9, feature["properties"]
        assert -74.1 < lng < -73.9, feature["properties"]


@pytest.fixture
def pages(user: User, partner: Partner, staff: User, completed: Ride) -> list[str]:
    """Every kind of page, as it is sent."""
    visits = {
        None: ["/", "/account/login/", "/account/signup/", "/account/password/reset/", "/no-such-page"],
        user: [
            "/",
            f"/cheer/{completed.request_id}",
            "/history",
            f"/ride/{completed.pk}/receipt",
            "/become-a-partner",
            "/account/2fa/",
            "/account/password/change/",
        ],
        partner.user: ["/partner", "/partner/week"],
        staff: ["/staff/", "/staff/insights/"],
    }
    return [browser_of(who).get(path).content.decode() for who, paths in visits.items() for path in paths]


def test_no_inline_script_or_style(pages: list[str]) -> None:
    for page in pages:
        for tag in re.findall(r"<script\b[^>]*>", page):
            assert "src=" in tag or 'type="application/json"' in tag, tag
        assert "<style" not in page
        assert not re.search(r"<[^>]+\s(style|on\w+)=", page)
        assert "javascript:" not in page


def test_nothing_is_fetched_from_elsewhere(pages: list[str]) -> None:
    for page in pages:
        for address in re.findall(r"<(?:script|img|link|iframe|use)\b[^>]*\b(?:src|href)=\"([^\"]+)\"", page):
            assert address.startswith("/"), address
    for path in [*STYLES, STATIC / "vendor" / "leaflet" / "leaflet.css"]:
        assert not re.search(r"url\(\s*['\"]?(https?:)?//", path.read_text()), path.name


def test_every_page_has_one_headline_and_labelled_fields(pages: list[str]) -> None:
    for page in pages:
        assert len(re.findall(r"<h1\b", page)) == 1
        assert re.search(r"<title>\s*\S+", page)
        for field in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
            if 'type="hidden"' in field:
                continue
            name = re.search(r'\bid="([^"]+)"', field)
            # A field without an id sits inside its label.
            assert name is None or f'for="{name[1]}"' in page, field
