"""Sockets of staff end when their rights change, so that a right taken away is gone there as well."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
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


@pytest.mark.parametrize("how", ["right", "rights", "group", "members", "group's right"])
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
    else:
        group.permissions.add(right_of(RIGHT))
    run_commit_hooks()
    assert {"code": 1013, "user": str(clerk.pk)} in closed
