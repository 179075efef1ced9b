"""The regions that a member of staff is limited to: who says so, and what they see."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, User
from accounts.staff_regions import may_see_region, regions_of, within
from backoffice.models import StaffAction
from backoffice.tests.desk import desk_of, inputs_of, page_of, url_of
from regions.models import Region
from requests_app.models import CheerRequest
from tests.cast import fresh, make_clerk, make_user, submit
from tests.other_regions import BOSTON, limited_to

NEW = {"email": "nina@cast.test", "name": "Nina", "staff": "on"}


@pytest.fixture
def clerk(nyc: Region) -> User:
    return make_clerk("Clara", "accounts.change_user", "accounts.view_user")


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def seen_by(user: User) -> list[CheerRequest]:
    return list(within(CheerRequest.objects.order_by("pk"), user, "region"))


def test_staff_of_one_region_see_its_rows_alone(clerk: User, nyc: Region, boston: Region) -> None:
    here, there = submit(make_user("Ann")), submit(make_user("Bea"), at=BOSTON)
    assert (here.region, there.region) == (nyc, boston)
    assert seen_by(clerk) == [here, there]

    clerk = limited_to(clerk, boston)
    assert regions_of(clerk) == frozenset([boston.pk])
    assert seen_by(clerk) == [there]
    assert list(within(Region.objects.all(), clerk, "pk")) == [boston]
    assert may_see_region(clerk, boston.pk)
    assert not may_see_region(clerk, nyc.pk)
    assert not may_see_region(clerk, None)

    assert seen_by(limited_to(clerk, nyc, boston)) == [here, there]


def test_staff_whose_regions_are_taken_away_see_nothing(clerk: User, boston: Region) -> None:
    clerk = limited_to(clerk, boston)
    boston.delete()
    assert regions_of(fresh(clerk)) == frozenset()
    assert seen_by(fresh(clerk)) == []


def test_superusers_see_every_region(staff: User, nyc: Region) -> None:
    assert regions_of(limited_to(staff, nyc)) is None
    assert may_see_region(staff, None)


@pytest.mark.parametrize("role", [Role.USER, Role.PARTNER])
def test_accounts_that_are_not_staff_see_no_region_as_staff_do(user: User, role: Role, nyc: Region) -> None:
    user.role = role
    assert regions_of(user) == frozenset()
    assert not may_see_region(user, nyc.pk)


# ---------------------------------------------------------------- who says so


def save(desk: Client, account: User, **changed: Any) -> Any:
    form = {name: value for name, value in inputs_of(desk.get(page_of(account))).items() if name != "every_region"}
    return desk.post(page_of(account), {**form, **changed})


def test_a_superuser_limits_staff_which_is_a_staff_action(desk: Client, clerk: User, nyc: Region) -> None:
    assert save(desk, clerk, regions=[str(nyc.pk)]).status_code == 302
    assert regions_of(fresh(clerk)) == frozenset([nyc.pk])
    action = StaffAction.objects.get(action="change", subject=str(clerk.pk))
    assert action.detail == "Every region, Regions"


def test_a_choice_without_effect_is_refused(desk: Client, clerk: User, nyc: Region) -> None:
    answer = save(desk, clerk, every_region="on", regions=[str(nyc.pk)])
    assert "Choose no regions for somebody who sees every region." in answer.content.decode()
    assert regions_of(fresh(clerk)) is None


def test_nobody_else_sets_regions(clerk: User, nyc: Region) -> None:
    other, forged = limited_to(make_clerk("Olaf"), nyc), {"name": "x", "every_region": "on", "regions": []}
    assert desk_of(clerk).post(page_of(other), forged).status_code == 403
    clerk = limited_to(clerk, nyc)
    for account in (clerk, other):
        assert desk_of(clerk).post(page_of(account), forged)["Location"] == "/admin/"  # no account of staff is theirs
        assert regions_of(fresh(account)) == frozenset([nyc.pk])


def test_new_staff_see_no_region_until_somebody_says_which(desk: Client) -> None:
    assert desk.post(url_of(User, "add"), NEW).status_code == 302
    assert regions_of(User.objects.get(email=NEW["email"])) == frozenset()
