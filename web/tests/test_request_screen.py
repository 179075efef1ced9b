"""The landing page and the request screen."""

import pytest

from accounts.models import User
from regions.models import Region
from requests_app.models import CheerRequest, RequestType
from requests_app.services import cancel_request
from tests.cast import Clock
from web.tests.browse import browser_of, data_of, text_of


def test_the_landing_page_says_what_it_costs(nyc: Region) -> None:
    text = text_of(browser_of(None).get("/"))
    assert "$10 per started 5 minutes" in text
    assert "Pep talk" in text


def test_the_landing_page_without_a_region_or_a_kind(db: None) -> None:
    assert browser_of(None).get("/").status_code == 200


def test_price_and_cancellation_rule_come_from_the_region(nyc: Region, user: User) -> None:
    Region.objects.update(
        increment_amount=750, increment_s=60, currency="eur", cancellation_fee_amount=320, cancellation_grace_s=90
    )
    answer = browser_of(user).get("/")
    text = text_of(answer)
    assert "€7.50 per started minute" in text
    assert "free until 1 min 30 s after somebody has accepted; after that it costs €3.20" in text
    (region,) = data_of(answer)["regions"]
    assert region["tariff"] == {"amount": 750, "currency": "eur", "incrementS": 60}
    assert region["cancellation"] == {"amount": 320, "graceS": 90}
    assert region["boundary"] == nyc.boundary


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

    def test_a_strangers_is_not_there(self, outsider: User, closed: CheerRequest) -> None:
        assert data_of(browser_of(outsider).get(f"/?again={closed.pk}"))["again"] is None

    def test_nonsense_is_not_there(self, user: User) -> None:
        assert data_of(browser_of(user).get("/?again=nonsense"))["again"] is None
