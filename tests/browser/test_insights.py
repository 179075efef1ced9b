"""Figures of staff, and a partner's own week."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from testbed.stack import Stack
from tests.browser.past import A_PAST, IN_NEW_YORK
from tests.browser.people import Cast
from tests.browser.screens import DESKTOP, PHONE, Visit, in_shell

pytestmark = pytest.mark.browser


@pytest.fixture
def past(stack: Stack) -> None:
    in_shell(stack, A_PAST)


@pytest.mark.usefixtures("past")
def test_figures_are_drawn_and_are_tables(cast: Cast, visit: Callable[..., Visit]) -> None:
    staff = visit(viewport=DESKTOP).sign_in(cast.staff())
    staff.go("/staff/insights/")
    funnel = staff.page.locator('[data-figure="funnel"]')
    for figure in staff.page.locator("[data-figure]").all():
        figure.scroll_into_view_if_needed()
        expect(figure).not_to_have_attribute("aria-busy", "true")
    expect(funnel.locator("canvas")).to_be_visible()
    expect(staff.page.locator('[data-figure="nextHour"] .map-cell')).to_have_count(7)
    funnel.get_by_text("Table", exact=True).click()
    expect(funnel.get_by_role("row").nth(1)).to_contain_text("Requests")
    for size in (DESKTOP, PHONE):
        for theme in ("light", "dark"):
            staff.page.set_viewport_size(size)  # type: ignore[arg-type]  # a dict of these two
            staff.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of these two
            staff.sound()


@pytest.mark.usefixtures("past")
def test_what_is_chosen_stays_chosen(cast: Cast, visit: Callable[..., Visit]) -> None:
    staff = visit(viewport=DESKTOP).sign_in(cast.staff())
    staff.go("/staff/insights/")
    staff.page.get_by_label("Kind of cheer").select_option("pep_talk")
    staff.press("Show")
    expect(staff.page.get_by_label("Kind of cheer")).to_have_value("pep_talk")
    with staff.page.expect_download() as download:
        staff.page.locator('[data-figure="funnel"]').get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename.startswith("nyc-funnel-")


@pytest.mark.usefixtures("past")
def test_a_partners_week(cast: Cast, stack: Stack, visit: Callable[..., Visit]) -> None:
    partner = visit(viewport=PHONE).sign_in(cast.partner("Pia"))
    in_shell(stack, IN_NEW_YORK)
    partner.go("/partner/week")
    partner.see("4 is busiest")
    expect(partner.page.locator("#busy-list li").first).to_contain_text("of 4")
    partner.sound()
