"""The landing page and the request screen."""

import pytest
from django.conf import settings

from accounts.models import User
from regions.models import Region
from regions.policies import Intake
from regions.services import set_intake
from requests_app.models import CheerRequest, RequestType
from requests_app.planning.places import save_place
from requests_app.planning.schedule import cancel_scheduled
from requests_app.services import cancel_request
from requests_app.tests.scenes import HOUR, plan
from tests.cast import Clock
from web.tests.browse import browser_of, data_of, text_of


def test_the_landing_page_says_what_it_costs(nyc: Region) -> None:
    text = text_of(browser_of(None).get("/"))
    assert "$10 for every 5 minutes or part of it" in text
    assert "Pep talk" in text


def test_the_landing_page_without_a_region_or_a_kind(db: None) -> None:
    assert browser_of(None).get("/").status_code == 200


def test_price_and_cancellation_rule_come_from_the_region(nyc: Region, user: User) -> None:
    Region.objects.update(
        increment_amount=750, increment_s=60, currency="eur", cancellation_fee_amount=320, cancellation_grace_s=90
    )
    answer = browser_of(user).get("/")
    text = text_of(answer)
    assert "€7.50 per minute or part" in text
    assert "free for 1 min 30 s after a partner accepts. Later it costs €3.20" in text
    (region,) = data_of(answer)["regions"]
    assert region["tariff"] == {"amount": 750, "currency": "eur", "incrementS": 60}
    assert region["cancellation"] == {"amount": 320, "graceS": 90}
    assert region["boundary"] == nyc.boundary


def test_a_paused_region_says_so(nyc: Region, user: User, staff: User, clock: Clock) -> None:
    assert data_of(browser_of(user).get("/"))["regions"][0]["closed"] == ""
    set_intake(nyc, Intake.PAUSED, "A storm is coming.", actor=staff, reason="Storm", now=clock.now)
    assert data_of(browser_of(user).get("/"))["regions"][0]["closed"] == "A storm is coming."


def test_the_kinds_are_those_that_are_active(user: User) -> None:
    RequestType.objects.filter(slug="serenade").update(active=False)
    RequestType.objects.create(slug="haka", name="Haka", icon="🗿", description="Loud & proud <3", position=9)
    page = browser_of(user).get("/").content.decode()
    assert 'value="serenade"' not in page
    assert 'value="haka"' in page
    assert "🗿" in page  # not one of those that we draw
    assert "Loud &amp; proud &lt;3" in page


def test_whoever_has_an_open_request_is_shown_that(user: User, pending: CheerRequest) -> None:
    assert browser_of(user).get("/")["Location"] == f"/cheer/{pending.pk}"


class TestAgain:
    """`/?again=<requestId>` starts from an earlier request."""

    @pytest.fixture
    def closed(self, user: User, pending: CheerRequest, clock: Clock) -> CheerRequest:
        return cancel_request(user, pending.pk, reason="", now=clock.now)

    def test_ones_own(self, user: User, closed: CheerRequest) -> None:
        again = data_of(browser_of(user).get(f"/?again={closed.pk}"))["again"]
        assert again == {
            "location": {"lat": closed.lat, "lng": closed.lng},
            "requestType": "pep_talk",
            "note": "Third floor",
        }

    def test_a_rounded_place_sends_no_partner_to_a_wrong_door(self, user: User, closed: CheerRequest) -> None:
        CheerRequest.objects.filter(pk=closed.pk).update(coarse=True)
        again = data_of(browser_of(user).get(f"/?again={closed.pk}"))["again"]
        assert (again["location"], again["requestType"]) == (None, "pep_talk")

    def test_a_strangers_is_not_there(self, outsider: User, closed: CheerRequest) -> None:
        assert data_of(browser_of(outsider).get(f"/?again={closed.pk}"))["again"] is None

    def test_nonsense_is_not_there(self, user: User) -> None:
        assert data_of(browser_of(user).get("/?again=nonsense"))["again"] is None


def test_places_and_plans_are_at_hand(user: User, outsider: User, clock: Clock) -> None:
    save_place(user, name="Home", lat=40.75, lng=-73.99, now=clock.now)
    planned = plan(user, now=clock.now)
    cancel_scheduled(user, plan(user, ahead=HOUR * 2, now=clock.now).pk, reason="", now=clock.now)
    data = data_of(browser_of(user).get("/"))
    assert [place["name"] for place in data["savedPlaces"]] == ["Home"]
    assert [one["scheduledRequestId"] for one in data["planned"]] == [str(planned.pk)]
    other = data_of(browser_of(outsider).get("/"))
    assert (other["savedPlaces"], other["planned"]) == ([], [])


def test_the_map_is_our_own_unless_tiles_are_set(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_of(browser_of(user).get("/"))["tiles"] is None
    monkeypatch.setattr(settings, "MAP_TILES_URL", "https://tiles.example/{z}/{x}/{y}.png")
    monkeypatch.setattr(settings, "MAP_TILES_ATTRIBUTION", "Example")
    tiles = data_of(browser_of(user).get("/"))["tiles"]
    assert tiles == {"url": "https://tiles.example/{z}/{x}/{y}.png", "attribution": "Example"}


@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ('"><script>', "&quot;&gt;&lt;script&gt;")])
def test_the_theme_of_the_cookie_is_there_at_once(user: User, cookie: str, theme: str) -> None:
    client = browser_of(user)
    client.cookies["theme"] = cookie
    page = client.get("/").content.decode()
    assert f'data-theme="{theme}"' in page
    assert "<script>" not in page
