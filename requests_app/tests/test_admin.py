"""The admin's pages, and what staff do with requests and partners."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Partner, Role, User
from accounts.states import PartnerStatus
from api.tests.desk import desk_of, page_of, refusals, take, take_selected, told, url_of
from payments.models import Payment
from payments.services import take_provider_event
from regions.models import Region
from requests_app import services
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.states import OfferStatus, RequestStatus
from rides.models import Ride
from rides.services import rate_ride
from rides.states import RideStatus
from tests.cast import (
    Clock,
    accept,
    decline,
    end,
    fresh,
    make_applicant,
    make_partner,
    make_user,
    match,
    offered_to,
    open_offer,
    start,
    submit,
    token_of,
    unchanged,
)

OURS = ("accounts", "api", "notifications", "payments", "regions", "requests_app", "rides", "knox", "auth", "mfa")


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def dead_letter(user: User, clock: Clock) -> CheerRequest:
    request = submit(user)
    clock.advance(3600)
    assert services.dead_letter(request.pk, now=clock.now)
    return request


@pytest.fixture
def everything(nyc: Region, staff: User) -> None:
    """Rows of every model, in every state that the services lead to."""
    partners = [make_partner(f"Pia {n}") for n in range(4)]
    make_applicant("Ann")
    users = [make_user(f"Uma {n}") for n in range(5)]
    first = submit(users[0])
    match(nyc)
    decline(open_offer(first), "busy")
    match(nyc)
    done = end(start(accept(open_offer(first))))
    rate_ride(fresh(done), stars=4, comment="<b>loud</b>")
    for user in users[1:4]:
        submit(user)
        match(nyc)
    running, _, cancelled = [open_offer(r) for r in CheerRequest.objects.filter(user__in=users[1:4]).order_by("pk")]
    start(accept(running))
    accept(cancelled)
    services.cancel_request_as_staff(cancelled.request, actor=staff, reason="<script>", now=timezone.now())
    submit(users[4], note="'\"><script>alert(1)</script>")
    take_provider_event({"id": "evt_1", "type": "payment_intent.created"}, now=timezone.now())
    for person in (*users, *(partner.user for partner in partners)):
        token_of(person)


def all_pages() -> list[Any]:
    return [model for model in admin.site._registry if model._meta.app_label in (*OURS, "account", "admin")]


# ---------------------------------------------------------------- pages


def test_every_model_of_ours_has_a_page() -> None:
    from django.apps import apps

    ours = {model for app in OURS[:8] for model in apps.get_app_config(app).get_models()}
    assert ours - set(admin.site._registry) == set()


@pytest.mark.usefixtures("everything")
def test_every_list_and_every_row_opens(desk: Client) -> None:
    for model in all_pages():
        found = desk.get(url_of(model, "changelist"))
        assert found.status_code == 200, model
        assert "<script>alert" not in found.content.decode()
        for row in model._default_manager.all():
            page = desk.get(page_of(row))
            assert page.status_code == 200, row
            assert "<script>alert" not in page.content.decode()
            assert desk.get(url_of(model, "history", row.pk)).status_code == 200


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize(
    "odd", ["", "pia", "01a2", "'; DROP TABLE--", "%_\\", "\0", '"', "x" * 5000, "٣", "id=1", "a b"]
)
def test_searches_take_anything(desk: Client, odd: str) -> None:
    for model in all_pages():
        assert desk.get(url_of(model, "changelist"), {"q": odd}).status_code == 200, (model, odd)


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


@pytest.mark.parametrize("pk", ["nonsense", "00000000-0000-0000-0000-000000000000", "%00", "1" * 3000])
def test_a_page_of_nothing_leads_back(desk: Client, pk: str) -> None:
    for model in all_pages():
        address = url_of(model, "change", "x").replace("/x/", f"/{pk}/")
        assert desk.get(address).status_code == 302, (model, pk)


@pytest.mark.parametrize("who", ["user", "partner"])
def test_nobody_else_gets_in(who: str, request: pytest.FixtureRequest, pending: CheerRequest) -> None:
    someone = request.getfixturevalue(who)
    client = desk_of(someone.user if isinstance(someone, Partner) else someone)
    for address in (url_of(CheerRequest, "changelist"), page_of(pending), url_of(CheerRequest, "cancel", pending.pk)):
        assert client.get(address).status_code == 302
        with unchanged():
            assert client.post(address, {"_form_submitted": "on"}).status_code == 302


def test_a_desk_that_may_only_look_can_not_act(pending: CheerRequest, nyc: Region) -> None:
    looker = User.objects.create_user("look@cast.test", "x", role=Role.STAFF, is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_cheerrequest"))
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


# ---------------------------------------------------------------- dead letters and cancelling


def test_requeue(desk: Client, staff: User, dead_letter: CheerRequest) -> None:
    page = desk.get(page_of(dead_letter))
    assert [item.path for item in page.context["actions_detail"]] or page.context["actions_detail"]
    response = take(desk, dead_letter, "requeue")
    assert told(response) == [("success", "Requeue: done.")]
    assert fresh(dead_letter).status == RequestStatus.PENDING
    last = dead_letter.transitions.last()
    assert last is not None
    assert (last.new, last.actor) == ("pending", staff)


def test_requeue_while_the_user_has_asked_anew(desk: Client, dead_letter: CheerRequest) -> None:
    submit(dead_letter.user)
    with unchanged():
        response = take(desk, dead_letter, "requeue")
    assert refusals(response) == [f"{dead_letter}: This user has another open request."]


def test_requeue_twice(desk: Client, dead_letter: CheerRequest) -> None:
    take(desk, dead_letter, "requeue")
    with unchanged():
        assert len(refusals(take(desk, dead_letter, "requeue"))) == 1


@pytest.mark.parametrize("scene", ["pending", "offer", "ride"])
def test_cancel(desk: Client, scene: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(scene)
    asked = CheerRequest.objects.get()
    response = take(desk, asked, "cancel", reason="flooded street")
    assert told(response) == [("success", "Cancel request: done.")]
    asked = fresh(asked)
    assert (asked.status, asked.closed_because) == (RequestStatus.CANCELLED, "flooded street")
    assert not Offer.objects.filter(status=OfferStatus.PENDING).exists()
    assert not Ride.objects.exclude(status=RideStatus.CANCELLED).exists()
    assert not Payment.objects.exists()


@pytest.mark.parametrize("scene", ["running", "completed"])
def test_cancel_too_late(desk: Client, scene: str, request: pytest.FixtureRequest) -> None:
    ride = request.getfixturevalue(scene)
    with unchanged():
        assert len(refusals(take(desk, ride.request, "cancel"))) == 1


def test_a_reason_has_its_limit(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        address = url_of(CheerRequest, "cancel", pending.pk)
        page = desk.post(address, {"_form_submitted": "on", "reason": "x" * 201})
        assert "at most 200 characters" in page.content.decode()
        assert desk.post(address, {"_form_submitted": "on", "reason": "\0"}).status_code == 200


def test_looking_at_a_dialog_does_nothing(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        assert desk.get(url_of(CheerRequest, "cancel", pending.pk)).status_code == 200
        assert desk.get(url_of(CheerRequest, "cancel", pending.pk), {"_form_submitted": "on"}).status_code == 200
        assert desk.post(url_of(CheerRequest, "cancel", pending.pk)).status_code == 200  # not confirmed


def test_a_forged_form_does_nothing(staff: User, pending: CheerRequest) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff, "django.contrib.auth.backends.ModelBackend")
    with unchanged():
        assert client.post(url_of(CheerRequest, "cancel", pending.pk), {"_form_submitted": "on"}).status_code == 403


def test_cancel_selected_tells_of_each_refusal(
    desk: Client, pending: CheerRequest, other_user: User, dead_letter_of: Callable[[User], CheerRequest]
) -> None:
    dead = dead_letter_of(other_user)
    page = take_selected(desk, [pending, dead], "cancel", confirm=False)
    assert "free of charge" in page.content.decode()
    assert fresh(pending).status == RequestStatus.PENDING
    response = take_selected(desk, [pending, dead], "cancel", reason="storm")
    assert ("success", "Cancel request: done.") in told(response)
    assert len(refusals(response)) == 1
    assert fresh(pending).closed_because == "storm"
    assert fresh(dead).status == RequestStatus.NO_MATCH


@pytest.fixture
def dead_letter_of() -> Callable[[User], CheerRequest]:
    def make(user: User) -> CheerRequest:
        long_ago = timezone.now() - timezone.timedelta(hours=1)  # type: ignore[attr-defined]
        request = submit(user, now=long_ago)
        assert services.dead_letter(request.pk, now=timezone.now())
        return request

    return make


# ---------------------------------------------------------------- releasing a partner


@pytest.mark.parametrize(
    ("scene", "said", "request_becomes"),
    [
        ("offer", "The offer was taken back and its request is matched again.", RequestStatus.PENDING),
        ("ride", "The ride was cancelled and its request is matched again.", RequestStatus.PENDING),
        ("running", "The running session was ended and billed.", RequestStatus.COMPLETED),
    ],
)
def test_release(
    desk: Client, partner: Partner, scene: str, said: str, request_becomes: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(scene)
    assert told(take(desk, partner, "release")) == [("success", said)]
    assert fresh(partner).status == PartnerStatus.OFFLINE
    asked = CheerRequest.objects.get()
    assert asked.status == request_becomes
    assert offered_to(asked) is None


def test_release_of_somebody_with_nothing_in_hand(desk: Client, nyc: Region) -> None:
    idle = make_partner("Ida", online=False)
    with unchanged():
        assert len(refusals(take(desk, idle, "release"))) == 1


# ---------------------------------------------------------------- kinds of cheer


TYPE = {"slug": "opera", "name": "Opera", "icon": "🎭", "description": "", "position": "7", "active": "on"}


def test_a_new_kind_of_cheer(desk: Client, nyc: Region) -> None:
    response = desk.post(url_of(RequestType, "add"), {**TYPE, "partner_types": ["musician", "coach"]})
    assert response.status_code == 302
    assert RequestType.objects.get(slug="opera").partner_types == ["musician", "coach"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("partner_types", "clown"), ("slug", "not a slug"), ("slug", "pep_talk"), ("icon", "x" * 9), ("position", "-1")],
)
def test_a_kind_of_cheer_that_can_not_be(desk: Client, nyc: Region, field: str, value: str) -> None:
    with unchanged():
        page = desk.post(url_of(RequestType, "add"), {**TYPE, field: value})
        assert page.status_code == 200
        assert field in page.context["adminform"].form.errors


def test_a_slug_stays(desk: Client, nyc: Region) -> None:
    kind = RequestType.objects.get(slug="pep_talk")
    desk.post(page_of(kind), {**TYPE, "slug": "other", "name": "Pep"})
    assert RequestType.objects.get(slug="pep_talk").name == "Pep"
    assert not RequestType.objects.filter(slug="other").exists()


def test_what_was_asked_for_stays(desk: Client, pending: CheerRequest) -> None:
    with unchanged():
        desk.post(url_of(RequestType, "delete", pending.request_type_id), {"post": "yes"})


# ---------------------------------------------------------------- sidebar and front page


@pytest.fixture
def own_sidebar(settings: Settings) -> None:
    settings.UNFOLD = {
        "DASHBOARD_CALLBACK": "requests_app.admin_site.dashboard",
        "SIDEBAR": {"navigation": "requests_app.admin_site.navigation"},
    }


def items_of(page: Any) -> dict[str, Any]:
    return {item["title"]: item for group in page.context["sidebar_navigation"] for item in group["items"]}


@pytest.mark.usefixtures("own_sidebar", "everything")
def test_the_sidebar_counts_what_waits(desk: Client, dead_letter_of: Callable[[User], CheerRequest]) -> None:
    dead_letter_of(make_user("Dora"))
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
    assert figures["Looking for a partner"]["value"] == 2
    for figure in figures.values():
        assert len(desk.get(figure["link"]).context["cl"].result_list) == figure["value"], figure


@pytest.mark.usefixtures("own_sidebar")
def test_the_sidebar_shows_what_one_may_see(nyc: Region) -> None:
    looker = User.objects.create_user("look@cast.test", "x", role=Role.STAFF, is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_ride"))
    page = desk_of(looker).get("/admin/")
    assert set(items_of(page)) == {"Rides"}
    assert "figures" not in page.context
