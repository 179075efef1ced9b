"""Sockets of staff end when their rights change, so that a right taken away is gone there as well."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import Role, User
from regions.models import Region
from tests.cast import make_clerk, right_of
from tests.fixtures import run_commit_hooks

RIGHT = "accounts.view_staff_page"


@pytest.fixture
def clerk(nyc: object) -> User:
    clerk = make_clerk("Clara", RIGHT)
    clerk.groups.add(Group.objects.create(name="Night shift"))
    run_commit_hooks()
    return clerk


@pytest.fixture
def closed(clerk: User, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The orders to close sockets."""
    orders: list[dict[str, Any]] = []
    monkeypatch.setattr("accounts.rights.close_sockets", lambda **order: orders.append(order))
    return orders


def test_other_changes_close_nothing(clerk: User, closed: list[dict[str, Any]]) -> None:
    clerk.name = "Clara Clerk"
    clerk.save()
    run_commit_hooks()
    assert closed == []


@pytest.mark.parametrize(
    "how",
    [
        "right",
        "rights",
        "group",
        "members",
        "all members",
        "group's right",
        "group deleted",
        "groups deleted",
        "superuser",
        "role",
        "every region",
        "regions",
        "one region more",
    ],
)
def test_no_socket_keeps_a_right_that_was_taken_away(clerk: User, closed: list[dict[str, Any]], how: str) -> None:
    make_clerk("Other")
    group = Group.objects.get()
    if how == "right":
        clerk.user_permissions.remove(right_of(RIGHT))
    elif how == "rights":
        clerk.user_permissions.clear()
    elif how == "group":
        clerk.groups.clear()
    elif how == "members":
        group.user_set.remove(clerk)
    elif how == "all members":
        group.user_set.clear()
    elif how == "group deleted":
        group.delete()
    elif how == "groups deleted":
        Group.objects.all().delete()
    elif how == "superuser":
        clerk.is_superuser = True
        clerk.save(update_fields=["is_superuser"])
        run_commit_hooks()
        closed.clear()
        clerk.is_superuser = False
        clerk.save()
    elif how == "role":
        clerk.role, clerk.is_staff = Role.USER, False
        clerk.save()
    elif how == "every region":
        clerk.every_region = False
        clerk.save(update_fields=["every_region"])
    elif how == "regions":
        clerk.regions.clear()
    elif how == "one region more":
        clerk.regions.add(Region.objects.get())
    else:
        group.permissions.add(right_of(RIGHT))
    run_commit_hooks()
    assert {"code": 1013, "user": str(clerk.pk)} in closed
