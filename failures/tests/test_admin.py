"""The list of failed deliveries in the admin: what waits, by kind, beside the dead letters, and the steps with it."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import DeferredMail, User
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, page_of, take, take_selected, url_of
from failures.models import FailedDelivery
from failures.states import FailureStatus, Kind
from failures.tests.scenes import failing_mail, given_up_mail
from ops.admin_site import WAITING
from regions.models import Region
from requests_app.models import CheerRequest
from tests.cast import fresh, make_clerk, make_user
from tests.other_regions import limited_to
from tests.planning import by_index

RIGHTS = ("failures.view_faileddelivery", "failures.change_faileddelivery")
LIST = url_of(FailedDelivery, "changelist")


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


@pytest.fixture
def failing(user: User, pending: CheerRequest) -> FailedDelivery:
    return failing_mail(user)


def shown(client: Client, **query: str) -> str:
    page = client.get(LIST, query)
    assert page.status_code == 200
    return page.content.decode()


def test_what_waits_is_listed_and_counted(desk: Client, failing: FailedDelivery, user: User) -> None:
    over = failing_mail(user, kind="greeting")
    FailedDelivery.objects.filter(pk=over.pk).update(
        status=FailureStatus.RECOVERED, next_try_at=None, closed_at=timezone.now()
    )
    page = shown(desk)
    assert "Mail security_notice" in page
    assert "SMTPServerDisconnected" in page
    assert "Mail greeting" not in page
    assert user.email not in page


def test_the_kinds_are_chosen_beside_the_dead_letters(desk: Client, failing: FailedDelivery) -> None:
    _, query = WAITING["Dead letters"]
    letters = desk.get(url_of(CheerRequest, "changelist"), query).content.decode()
    for page in (letters, shown(desk)):
        for kind in Kind.values:
            assert f"{LIST}?kind__exact={kind}" in page
        assert "status__exact=no_match" in page
    assert f"{LIST}?kind__exact=mail" not in desk.get(url_of(CheerRequest, "changelist")).content.decode()
    assert "Mail security_notice" in shown(desk, kind__exact="mail")
    assert "Mail security_notice" not in shown(desk, kind__exact="push")


def test_a_retry_is_a_staff_action(desk: Client, failing: FailedDelivery, staff: User) -> None:
    take(desk, failing, "retry", reason="The server is back")
    assert DeferredMail.objects.get(pk=failing.row_id).due_at != failing.next_try_at
    action = StaffAction.objects.exclude(action="looked").get()
    assert (action.actor, action.action, action.subject) == (staff, "retry", str(failing.pk))
    assert (action.kind, action.reason) == ("failures.faileddelivery", "The server is back")


def test_many_at_once_with_an_outcome_for_each(desk: Client, failing: FailedDelivery, user: User) -> None:
    late = given_up_mail(user)
    page = take_selected(desk, [failing, late], "retry").content.decode()
    assert "worth nothing any more" in page
    assert list(StaffAction.objects.exclude(action="looked").values_list("subject", flat=True)) == [str(failing.pk)]


def test_closing(desk: Client, failing: FailedDelivery) -> None:
    take_selected(desk, [failing], "close", reason="Told on the phone")
    assert fresh(failing).status == FailureStatus.CLOSED
    assert "Mail security_notice" not in shown(desk)
    assert desk.get(page_of(failing)).status_code == 302


# ---------------------------------------------------------------- whose


def test_another_region_sees_nothing_of_it(failing: FailedDelivery, boston: Region, user: User) -> None:
    nowhere = failing_mail(make_user("Nora"), kind="nowhere")
    here, there = (
        limited_to(make_clerk(name, *RIGHTS), region) for name, region in (("H", failing.region), ("T", boston))
    )
    assert "security_notice" in shown(desk_of(here))
    assert "nowhere" not in shown(desk_of(here))
    assert "security_notice" not in shown(desk_of(there))
    take_selected(desk_of(there), [failing], "retry")
    assert fresh(failing).next_try_at == failing.next_try_at
    assert "nowhere" in shown(desk_of(make_clerk("Every", *RIGHTS)))
    assert nowhere.region is None


def test_looking_takes_a_right_and_acting_another(failing: FailedDelivery) -> None:
    viewer = desk_of(make_clerk("V", RIGHTS[0]))
    assert "security_notice" in shown(viewer)
    take_selected(viewer, [failing], "retry")
    assert fresh(failing).next_try_at == failing.next_try_at
    assert desk_of(make_clerk("N")).get(LIST).status_code == 403


# ---------------------------------------------------------------- by index


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "failure_open"),
        ("kind__exact=mail", "failure_kind"),
        ("status__exact=given_up", "failure_status"),
        ("kind__exact=mail&status__exact=given_up", "failure_kind_and_status"),
    ],
)
def test_a_page_is_read_along_an_index(failing: FailedDelivery, staff: User, query: str, index: str) -> None:
    request = RequestFactory().get(f"{LIST}?{query}")
    request.user = staff
    rows = admin.site.get_model_admin(FailedDelivery).get_changelist_instance(request).queryset
    with by_index():
        plan = rows[:50].explain()
    assert "SCAN failures_faileddelivery\n" not in f"{plan}\n"
    assert "Seq Scan on failures_faileddelivery" not in plan
    assert "TEMP B-TREE" not in plan
    if connection.vendor == "sqlite":
        assert index in plan, plan


def test_a_row_finds_its_failure_by_an_index(failing: FailedDelivery) -> None:
    with by_index():
        plan = FailedDelivery.objects.filter(job="mail", row_id=failing.row_id, closed_at__isnull=True).explain()
    assert "failure_one_open_per_row" in plan, plan
