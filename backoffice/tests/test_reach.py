"""Staff who are limited to regions: a row of another one does not exist to them, in no list, page, choice or step."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import Partner, User
from backoffice.regional import InRegion, Reach
from backoffice.tests.desk import desk_of, page_of, refusals, take_selected, url_of
from payments.models import Payment, PromotionCode
from regions.models import Region
from requests_app.models import CheerRequest, Offer, RequestType
from requests_app.states import RequestStatus
from requests_app.tests.test_admin_dead_letters import make_dead
from rides.models import Ride
from tests.cast import (
    accept,
    client_of,
    end,
    fresh,
    make_clerk,
    make_partner,
    make_user,
    match,
    open_offer,
    start,
    submit,
)
from tests.other_regions import BOSTON, limited_to

REGISTERED: list[tuple[type[Model], Any]] = sorted(admin.site._registry.items(), key=lambda each: each[0]._meta.label)


@pytest.fixture
def clerk(nyc: Region, boston: Region) -> User:
    """Has every right, in Boston."""
    clerk = make_clerk("Bob")
    clerk.user_permissions.set(Permission.objects.all())
    return limited_to(clerk, boston)


@pytest.fixture
def desk(clerk: User) -> Client:
    return desk_of(clerk)


def cheer(name: str, region: Region, **where: Any) -> Ride:
    """A cheer in a region, over and billed."""
    make_partner(f"{name} Partner", **where)
    request = submit(make_user(f"{name} User"), **where)
    match(region)
    return end(start(accept(open_offer(request))))


@pytest.fixture
def here(boston: Region) -> Ride:
    return cheer("Here", boston, at=BOSTON)


@pytest.fixture
def there(nyc: Region) -> Ride:
    return cheer("There", nyc)


def listed(desk: Client, model: Any, **query: str) -> set[Any]:
    return {row.pk for row in desk.get(url_of(model, "changelist"), query).context["cl"].result_list}


# ---------------------------------------------------------------- every list says it


@pytest.mark.parametrize(("model", "lists"), REGISTERED, ids=[model._meta.label_lower for model, _ in REGISTERED])
def test_every_list_says_what_its_rows_have_to_do_with_regions(
    model: type[Model], lists: Any, clerk: User, boston: Region
) -> None:
    reach = getattr(lists, "reach", None)
    assert isinstance(reach, Reach), f"say which region a row of {model._meta.label} belongs to"
    assert getattr(reach, "why", "because"), "say why its rows belong to no region"
    assert list(reach.rows(model._default_manager.all(), frozenset())) == [] or model is RequestType
    list(reach.rows(model._default_manager.all(), frozenset([boston.pk])))  # the path leads somewhere


def test_a_list_that_does_not_say_it_shows_nothing_to_them(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(admin.site.get_model_admin(Ride)), "reach")
    with pytest.raises(AttributeError):
        desk.get(url_of(Ride, "changelist"))


# ---------------------------------------------------------------- lists, pages and steps


def test_lists_and_pages_are_those_of_their_region(desk: Client, here: Ride, there: Ride) -> None:
    for mine, other in (
        (here, there),
        (here.request, there.request),
        (here.partner, there.partner),
        (here.user, there.user),
        (here.payments.get(), there.payments.get()),
        (Offer.objects.get(request=here.request), Offer.objects.get(request=there.request)),
        (here.request.region, there.request.region),
        (here.request.transitions.first(), there.request.transitions.first()),
    ):
        rows = listed(desk, type(mine))
        assert mine.pk in rows
        assert other.pk not in rows
        assert desk.get(page_of(mine)).status_code == 200
        assert desk.get(page_of(other)).status_code == 302  # as for a row that is not there
        assert desk.get(url_of(type(other), "history", other.pk)).status_code == 302


def test_no_search_finds_others(desk: Client, here: Ride, there: Ride) -> None:
    for model in (Ride, CheerRequest, Payment):
        assert len(listed(desk, model, q=here.user.email)) == 1
        assert listed(desk, model, q=there.user.email) == set()
        assert listed(desk, model, q=str(there.user.pk)) == set()
    assert listed(desk, User, q=there.user.email) == set()
    assert listed(desk, User, q=here.user.email) == {here.user.pk}


def test_no_step_is_taken_with_others(desk: Client, here: Ride, there: Ride) -> None:
    before = Payment.objects.filter(ride=there).values().get()
    payment = Payment.objects.get(ride=there)
    assert desk.get(url_of(Payment, "withdraw", payment.pk)).status_code in (200, 302)
    answer = desk.post(url_of(Payment, "withdraw", payment.pk), {"_form_submitted": "on"}, follow=True)
    assert refusals(answer) == ["This row is not there."]
    take_selected(desk, [payment, Payment.objects.get(ride=here)], "withdraw")
    assert Payment.objects.filter(ride=there).values().get() == before


def test_in_bulk_only_theirs_are_taken(desk: Client, boston: Region, nyc: Region) -> None:
    mine, other = submit(make_user("Ann"), at=BOSTON), submit(make_user("Bea"))
    take_selected(desk, [mine, other], "cancel", reason="Rain")
    assert fresh(mine).status == RequestStatus.CANCELLED
    assert fresh(other).status == RequestStatus.PENDING


def test_nobody_of_another_region_is_named_for_a_dead_letter(desk: Client, boston: Region, nyc: Region) -> None:
    request, other = submit(make_user("Ann"), at=BOSTON), make_partner("Nyla")
    CheerRequest.objects.filter(pk=request.pk).update(give_up_at=timezone.now())
    letter = make_dead(request)
    answer = desk.post(
        url_of(CheerRequest, "direct", letter.pk), {"_form_submitted": "on", "partner": str(other.pk)}, follow=True
    )
    assert "There is no such partner." in answer.content.decode()


# ---------------------------------------------------------------- accounts, choices, new rows


def test_accounts_that_nothing_ties_to_their_region_are_not_there(desk: Client, nyc: Region) -> None:
    stranger = make_user("Stan")
    assert listed(desk, User) == set()
    assert desk.get(page_of(stranger)).status_code == 302
    submit(stranger, at=BOSTON)
    assert listed(desk, User) == {stranger.pk}


def offered(desk: Client, name: str) -> list[str]:
    """The choices of a filter of the list of requests."""
    filters = desk.get(url_of(CheerRequest, "changelist")).context["cl"].filter_specs
    return [
        str(label) for each in filters if getattr(each, "field_path", "") == name for _, label in each.lookup_choices
    ]


def test_forms_and_filters_offer_their_regions(clerk: User, desk: Client, boston: Region, nyc: Region) -> None:
    form = desk.get(url_of(PromotionCode, "add")).context["adminform"].form
    assert list(form.fields["region"].queryset) == [boston]
    assert offered(desk, "region") == []  # of one region there is no choice
    newark = Region.objects.create(slug="newark", name="Newark", boundary=boston.boundary, active=False)
    clerk.regions.add(newark)
    assert offered(desk, "region") == ["Boston", "Newark"]


def test_a_new_row_is_of_their_region(desk: Client, boston: Region, nyc: Region) -> None:
    now = timezone.now()
    new = {
        "code": "CHEER",
        "active": "on",
        "amount": "500",
        "currency": "usd",
        "per_person": "1",
        "budget_amount": "5000",
        "credit_days": "30",
        "starts_at_0": f"{now:%Y-%m-%d}",
        "starts_at_1": "00:00",
    }
    for region in ("", str(nyc.pk)):
        desk.post(url_of(PromotionCode, "add"), {**new, "region": region})
        assert not PromotionCode.objects.exists()
    desk.post(url_of(PromotionCode, "add"), {**new, "region": str(boston.pk)})
    assert PromotionCode.objects.get().region == boston


def test_what_all_regions_share_is_read_only(desk: Client, boston: Region) -> None:
    kind = RequestType.objects.first()
    assert kind is not None
    assert desk.get(page_of(kind)).status_code == 200
    assert desk.post(page_of(kind), {"name": "x"}).status_code == 403
    assert desk.get(url_of(Region, "add")).status_code == 403
    assert desk.get(url_of(Region, "delete", boston.pk)).status_code == 403


# ---------------------------------------------------------------- the API


def test_calls_know_no_row_of_another_region(clerk: User, here: Ride, there: Ride) -> None:
    api = client_of(clerk)
    assert [ride["rideId"] for ride in api.get("/ride").json()["results"]] == [str(here.pk)]
    offers = {ride.pk: Offer.objects.get(request=ride.request).pk for ride in (here, there)}
    for ride, status in ((here, 200), (there, 404)):
        for path in (
            f"/ride/{ride.pk}",
            f"/ride/{ride.pk}/receipt",
            f"/cheerRequest/{ride.request_id}",
            f"/offer/{offers[ride.pk]}/decision",
        ):
            assert api.get(path).status_code == status, path
    assert api.post(f"/partner/{there.partner_id}/suspend", {"reason": "x"}).status_code == 404
    assert Partner.objects.get(pk=there.partner_id).approved


def test_a_region_alone_has_its_own_reach() -> None:
    assert InRegion("pk").behind("region") == InRegion("region")
    assert InRegion("region").behind("subject") == InRegion("subject__region")
