"""Policies of regions in the admin."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, take, url_of
from regions.models import Region
from regions.policies import Intake, Policy
from regions.selectors import policy_of
from regions.services import change_policy
from requests_app.admin.policies import PAUSE_REGION
from tests.cast import Clock, make_clerk, unchanged

FORM = {"reason": "Fewer partners at night", "opening_hours": "Mo-Su 08:00-22:00", "radii_m": "1000, 3000"}


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def test_a_region_is_paused_and_opened(desk: Client, nyc: Region, staff: User) -> None:
    take(desk, nyc, "pause", message="A storm is coming.", reason="Storm")
    policy = policy_of(nyc.pk)
    assert (policy.intake, policy.message, policy.reason, policy.author) == (
        Intake.PAUSED,
        "A storm is coming.",
        "Storm",
        staff,
    )
    take(desk, nyc, "drain", reason="It passes")
    assert (policy_of(nyc.pk).intake, policy_of(nyc.pk).message) == (Intake.DRAINING, "")
    take(desk, nyc, "open", reason="It has passed")
    assert (policy_of(nyc.pk).version, policy_of(nyc.pk).intake) == (3, Intake.OPEN)
    assert list(StaffAction.objects.order_by("pk").values_list("action", flat=True))[-3:] == ["pause", "drain", "open"]


def test_it_needs_a_reason(desk: Client, nyc: Region) -> None:
    with unchanged():
        desk.post(url_of(Region, "pause", nyc.pk), {"_form_submitted": "on", "message": "Back soon"})


def test_a_dispatcher_pauses_but_changes_no_rules(nyc: Region) -> None:
    desk = desk_of(make_clerk("Dora", "regions.view_region", "regions.view_policy", "regions.pause_region"))
    take(desk, nyc, "pause", reason="Storm")
    assert policy_of(nyc.pk).intake == Intake.PAUSED
    with unchanged():
        assert desk.post(url_of(Policy, "add"), {**FORM, "region": nyc.pk}).status_code == 403
        assert desk.post(url_of(Policy, "restore", policy_of(nyc.pk).pk), {"reason": "x"}).status_code == 403


def test_a_viewer_pauses_nothing(nyc: Region) -> None:
    desk = desk_of(make_clerk("Vera", "regions.view_region", "regions.view_policy"))
    with unchanged():
        assert desk.post(url_of(Region, "pause", nyc.pk), {"_form_submitted": "on", "reason": "x"}).status_code == 403


def test_a_new_version_begins_with_the_one_in_force(desk: Client, nyc: Region, staff: User) -> None:
    assert desk.post(url_of(Policy, "add"), {**FORM, "region": nyc.pk}).status_code == 302
    policy = policy_of(nyc.pk)
    assert (policy.version, policy.radii_m, policy.opening_hours) == (1, [1000, 3000], "Mo-Su 08:00-22:00")
    assert (policy.author, policy.reason) == (staff, FORM["reason"])
    page = desk.get(f"{url_of(Policy, 'add')}?region={nyc.pk}").content.decode()
    assert 'value="Mo-Su 08:00-22:00"' in page
    assert 'value="1000, 3000"' in page
    assert "version 1" in desk.get(url_of(Region, "change", nyc.pk)).content.decode()
    assert desk.get(f"{url_of(Policy, 'add')}?region=nowhere").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"radii_m": "3000, 1000"},
        {"radii_m": "1000, near"},
        {"opening_hours": "sometimes"},
        {"offer_ttl_s": "1"},
        {"radii_m": "1" * 500},
        {"cap_s": "100", "cap_least_s": "200"},
        {"cap_s": "nan"},
        {"reason": ""},
        {"region": ""},
    ],
)
def test_what_is_wrong_is_said_and_nothing_changed(desk: Client, nyc: Region, wrong: dict[str, str]) -> None:
    with unchanged():
        page: Any = desk.post(url_of(Policy, "add"), {**FORM, "region": nyc.pk, **wrong})
    assert page.status_code == 200
    assert page.context_data["adminform"].form.errors


def test_an_older_version_is_brought_back(desk: Client, nyc: Region) -> None:
    desk.post(url_of(Policy, "add"), {**FORM, "region": nyc.pk})
    old = policy_of(nyc.pk)
    desk.post(url_of(Policy, "add"), {**FORM, "region": nyc.pk, "radii_m": "9000"})
    take(desk, old, "restore", reason="It was better")
    assert (policy_of(nyc.pk).version, policy_of(nyc.pk).radii_m) == (3, [1000, 3000])


def test_no_version_is_changed_or_deleted(desk: Client, nyc: Region) -> None:
    desk.post(url_of(Policy, "add"), {**FORM, "region": nyc.pk})
    row = policy_of(nyc.pk)
    with unchanged():
        assert desk.post(url_of(Policy, "change", row.pk), {**FORM, "radii_m": "9000"}).status_code == 403
        assert desk.post(url_of(Policy, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert desk.get(url_of(Policy, "change", row.pk)).status_code == 200
    assert desk.get(url_of(Policy, "changelist")).status_code == 200


def test_staff_of_another_region_see_and_change_none(nyc: Region, staff: User, clock: Clock) -> None:
    paris = Region.objects.create(slug="paris", name="Paris", boundary=nyc.boundary, time_zone="Europe/Paris")
    change_policy(nyc, actor=staff, reason="Ours", now=clock.now, opening_hours="Mo-Su 07:30-22:00")
    clerk = make_clerk("Pascal", "regions.view_region", "regions.add_policy", "regions.view_policy", PAUSE_REGION)
    User.objects.filter(pk=clerk.pk).update(every_region=False)
    clerk.regions.set([paris])
    desk = desk_of(clerk)
    assert "Ours" not in desk.get(url_of(Policy, "changelist")).content.decode()
    assert "07:30" not in desk.get(f"{url_of(Policy, 'add')}?region={nyc.pk}").content.decode()
    with unchanged():
        desk.post(url_of(Policy, "add"), {**FORM, "region": nyc.pk})
        desk.post(url_of(Region, "pause", nyc.pk), {"_form_submitted": "on", "reason": "x"})
        desk.post(url_of(Policy, "restore", policy_of(nyc.pk).pk), {"_form_submitted": "on", "reason": "x"})
    desk.post(url_of(Policy, "add"), {**FORM, "region": paris.pk})
    assert policy_of(paris.pk).version == 1
