"""The admin's pages: every list and every row, the sidebar and the front page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import Partner, User
from alerts.models import AlertNotice
from backoffice.tests.desk import desk_of, page_of, take_selected, url_of
from payments.models import CountedDay, Payment, PeriodTotal, ReferralCode
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.records import DeadLetter, Look, Matching
from requests_app.tests import scenes
from rides.models import Ride
from tests.cast import (
    accept,
    decline,
    end,
    make_clerk,
    make_partner,
    make_user,
    match,
    open_offer,
    start,
    submit,
    unchanged,
)

OURS = (
    "accounts",
    "alerts",
    "api",
    "backoffice",
    "failures",
    "notifications",
    "payments",
    "regions",
    "requests_app",
    "rides",
    "risk",
    "knox",
    "auth",
    "mfa",
)


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def everything(nyc: Region, staff: User) -> None:
    scenes.everything(nyc, staff)


def all_pages() -> list[Any]:
    return [model for model in admin.site._registry if model._meta.app_label in (*OURS, "account", "admin")]


def one_of_each_status(model: Any) -> list[Any]:
    """Of a model without a status, its first row."""
    by = "application" if model is Partner else "status" if hasattr(model, "status") else "pk"
    rows = {getattr(row, by): row for row in model._default_manager.order_by("-pk")}
    return list(rows.values()) if by != "pk" else list(rows.values())[:1]


# ---------------------------------------------------------------- pages


def test_every_model_of_ours_has_a_page() -> None:
    ours = {model for app in OURS[:11] for model in apps.get_app_config(app).get_models()}
    # In the books, or with what they belong to.
    shown_elsewhere = {AlertNotice, CountedDay, DeadLetter, PeriodTotal, Look, Matching, ReferralCode}
    assert ours - set(admin.site._registry) == shown_elsewhere


@pytest.mark.usefixtures("everything")
def test_every_list_and_every_row_opens(desk: Client) -> None:
    for model in all_pages():
        found = desk.get(url_of(model, "changelist"))
        assert found.status_code == 200, model
        assert "<script>alert" not in found.content.decode()
        for row in one_of_each_status(model):
            page = desk.get(page_of(row))
            assert page.status_code == 200, row
            assert "<script>alert" not in page.content.decode()


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("odd", ["pia", "'; DROP TABLE--", "%_\\", "\0", '"', "x" * 5000])
def test_searches_take_anything(desk: Client, odd: str) -> None:
    for model in all_pages():
        response = desk.get(url_of(model, "changelist"), {"q": odd})
        assert response.status_code == (400 if "\0" in odd else 200), (model, odd)


ODD_FILTERS: list[dict[str, str]] = [
    {"status__exact": "nonsense"},
    {"status__exact": "\0"},
    {"status__in": "pending,offered"},
    {"region__id__exact": "not-a-uuid"},
    {"created_at__year": "99999"},
    {"created_at__year": "2026", "created_at__month": "2", "created_at__day": "31"},
    {"o": "99.-3.x"},
    {"p": "99999"},
    {"p": "abc"},
    {"e": "1"},
    {"all": ""},
    {"_facets": "True"},
]


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("query", ODD_FILTERS)
def test_filters_take_anything(desk: Client, query: dict[str, str]) -> None:
    for model in (CheerRequest, Offer, Ride, Payment, Partner, User):
        response = desk.get(url_of(model, "changelist"), query, follow=True)
        assert response.status_code in (200, 400), (model, query)  # 400: a filter that this list does not have


def test_declines_are_found_by_their_code(desk: Client, offer: Offer) -> None:
    decline(offer, "too_far")
    assert str(offer.pk) in desk.get(url_of(Offer, "changelist"), {"closed_code__exact": "too_far"}).content.decode()
    others = desk.get(url_of(Offer, "changelist"), {"closed_code__exact": "busy"}, follow=True)
    assert (others.status_code, str(offer.pk) in others.content.decode()) == (200, False)


@pytest.mark.parametrize("pk", ["nonsense", "00000000-0000-0000-0000-000000000000", "%00", "1" * 3000])
def test_a_page_of_nothing_leads_back(desk: Client, pk: str) -> None:
    for model in all_pages():
        address = url_of(model, "change", "x").replace("/x/", f"/{pk}/")
        assert desk.get(address).status_code == (400 if pk == "%00" else 302), (model, pk)


@pytest.mark.parametrize("who", ["user", "partner"])
def test_nobody_else_gets_in(who: str, request: pytest.FixtureRequest, pending: CheerRequest) -> None:
    someone = request.getfixturevalue(who)
    client = desk_of(someone.user if isinstance(someone, Partner) else someone)
    for address in (url_of(CheerRequest, "changelist"), page_of(pending), url_of(CheerRequest, "cancel", pending.pk)):
        assert client.get(address).status_code == 302
        with unchanged():
            assert client.post(address, {"_form_submitted": "on"}).status_code == 302


def test_a_desk_that_may_only_look_can_not_act(pending: CheerRequest, nyc: Region) -> None:
    looker = make_clerk("Look", "requests_app.view_cheerrequest")
    client = desk_of(looker)
    page = client.get(page_of(pending))
    assert page.status_code == 200
    assert page.context["actions_detail"] == []
    with unchanged():
        assert client.get(url_of(CheerRequest, "cancel", pending.pk)).status_code == 403
        assert client.post(url_of(CheerRequest, "cancel", pending.pk), {"_form_submitted": "on"}).status_code == 403
        take_selected(client, [pending], "cancel")
    assert client.get(url_of(Region, "changelist")).status_code == 403


@pytest.mark.parametrize("model", [CheerRequest, Offer, Ride, Payment])
def test_lists_ask_the_database_no_more_for_more_rows(
    desk: Client, nyc: Region, model: Any, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    def ride_of(name: str) -> None:
        request = submit(make_user(name))
        match(nyc)
        end(start(accept(open_offer(request))))

    make_partner("Pia")
    ride_of("Uma 0")
    address = url_of(model, "changelist")
    desk.get(address)
    with CaptureQueriesContext(connection) as few:
        desk.get(address)
    for n in range(1, 5):
        ride_of(f"Uma {n}")
    with django_assert_max_num_queries(len(few)):
        assert desk.get(address).context["cl"].result_count == 5


def test_a_pasted_id_finds_the_rows_that_bear_it(desk: Client, completed: Ride) -> None:
    for model, pk in (
        (CheerRequest, completed.request_id),
        (CheerRequest, completed.pk),
        (CheerRequest, completed.user_id),
        (Offer, completed.partner_id),
        (Ride, completed.request_id),
        (Payment, completed.pk),
        (Partner, completed.partner_id),
        (User, completed.partner_id),
    ):
        found = desk.get(url_of(model, "changelist"), {"q": f" {pk} "}).context["cl"].result_list
        assert len(found) == 1, (model, pk)


def test_pages_lead_to_each_other(desk: Client, completed: Ride) -> None:
    offer, payment = Offer.objects.get(), Payment.objects.get()
    request_page = desk.get(page_of(completed.request)).content.decode()
    for row in (offer, completed, completed.user, completed.partner):
        assert page_of(row) in request_page
    ride_page = desk.get(page_of(completed)).content.decode()
    assert page_of(payment) in ride_page
    assert page_of(completed.request) in ride_page
    assert "$10.00" in ride_page
    assert page_of(completed) in desk.get(page_of(payment)).content.decode()


# ---------------------------------------------------------------- forms set nothing that services set


@pytest.mark.parametrize("field", ["status", "attempts", "give_up_at", "user", "note"])
def test_a_request_can_not_be_edited(desk: Client, pending: CheerRequest, field: str) -> None:
    with unchanged():
        assert desk.post(page_of(pending), {field: "cancelled"}).status_code == 403


@pytest.mark.parametrize("model", [CheerRequest, Offer, Ride, Payment, Partner])
def test_rows_are_not_made_by_hand(desk: Client, model: Any, completed: Ride) -> None:
    with unchanged():
        assert desk.get(url_of(model, "add")).status_code == 403
        row = model._default_manager.first()
        assert desk.post(url_of(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        desk.post(url_of(model, "changelist"), chosen)


# ---------------------------------------------------------------- sidebar and front page


@pytest.fixture
def own_sidebar(settings: Settings) -> None:
    settings.UNFOLD = {
        "DASHBOARD_CALLBACK": "ops.admin_site.dashboard",
        "SIDEBAR": {"navigation": "ops.admin_site.navigation"},
    }


def items_of(page: Any) -> dict[str, Any]:
    return {item["title"]: item for group in page.context["sidebar_navigation"] for item in group["items"]}


@pytest.mark.usefixtures("own_sidebar", "everything")
def test_the_sidebar_counts_what_waits(desk: Client) -> None:
    items = items_of(desk.get(url_of(CheerRequest, "changelist"), {"status__exact": "no_match"}))
    assert (items["Dead letters"]["badge"], items["Applications"]["badge"], items["Unpaid"]["badge"]) == ("1", "1", "1")
    assert items["Dead letters"]["active"]
    assert not items["Requests"]["active"]
    for item in items.values():
        page = desk.get(item["link"])
        assert page.status_code == 200
        assert items_of(page)[item["title"]]["active"], item
        assert sum(bool(each["active"]) for each in items_of(page).values()) == 1


@pytest.mark.usefixtures("own_sidebar", "everything")
def test_the_front_page_shows_figures(desk: Client) -> None:
    page = desk.get("/admin/")
    figures = {figure["title"]: figure for figure in page.context["figures"]}
    assert figures["Completed"]["value"] == 1
    assert figures["Looking for a partner"]["value"] == 3
    for figure in figures.values():
        assert len(desk.get(figure["link"]).context["cl"].result_list) == figure["value"], figure


@pytest.mark.usefixtures("own_sidebar")
def test_the_sidebar_shows_what_one_may_see(nyc: Region) -> None:
    looker = make_clerk("Look", "rides.view_ride")
    page = desk_of(looker).get("/admin/")
    assert set(items_of(page)) == {"Rides"}
    assert "figures" not in page.context
