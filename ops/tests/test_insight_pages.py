"""The page of figures for staff."""

import pytest

from accounts.models import User
from accounts.permissions import VIEW_STAFF_PAGE
from regions.models import Region
from tests.cast import make_clerk
from tests.other_regions import limited_to
from web.tests.browse import browser_of, data_of, text_of

PAGE = "/staff/insights/"
VIEW = "requests_app.view_cheerrequest"


def figures(user: User, query: str = "") -> list[str]:
    return [figure["name"] for figure in data_of(browser_of(user).get(PAGE + query))["figures"]]


def test_a_figure_for_each_right(nyc: Region) -> None:
    assert figures(make_clerk("Carl", VIEW_STAFF_PAGE, "payments.view_payment")) == ["money"]
    seen = figures(make_clerk("Cleo", VIEW_STAFF_PAGE, VIEW))
    assert "funnel" in seen
    assert not {"money", "supply", "partners"} & set(seen)


def test_without_the_right_to_the_page(nyc: Region) -> None:
    assert browser_of(make_clerk("Carl", VIEW)).get(PAGE).status_code == 403


def test_every_figure_is_asked_about_what_was_chosen(staff: User, nyc: Region) -> None:
    answer = browser_of(staff).get(f"{PAGE}?firstDay=2026-01-02&lastDay=2026-01-03&requestType=pep_talk&region=nyc")
    query = "?firstDay=2026-01-02&lastDay=2026-01-03&requestType=pep_talk"
    assert {figure["url"] for figure in data_of(answer)["figures"]} == {
        f"/insights/nyc/{figure['name']}{query}" for figure in data_of(answer)["figures"]
    }


def test_regions_of_others_are_not_there(nyc: Region, boston: Region) -> None:
    clerk = limited_to(make_clerk("Carl", VIEW_STAFF_PAGE, VIEW), boston)
    browser = browser_of(clerk)
    answer = browser.get(PAGE)
    assert [region["slug"] for region in data_of(answer)["regions"]] == ["boston"]
    assert nyc.name not in text_of(answer)
    assert browser.get(f"{PAGE}?region=nyc").status_code == 404


def test_staff_without_a_region(nyc: Region) -> None:
    clerk = limited_to(make_clerk("Carl", VIEW_STAFF_PAGE, VIEW))
    assert "no region yet" in text_of(browser_of(clerk).get(PAGE))


@pytest.mark.parametrize("query", ["firstDay=x", "lastDay=9999-12-31", "firstDay=2026-02-02&lastDay=2026-01-01"])
def test_days_that_cannot_be_are_said_and_the_usual_ones_shown(staff: User, nyc: Region, query: str) -> None:
    answer = browser_of(staff).get(f"{PAGE}?{query}")
    assert answer.status_code == 200
    assert 'class="note error"' in answer.content.decode()
    assert data_of(answer)["figures"]
