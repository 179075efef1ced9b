"""Tests that say that nothing changes notice every change."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from tests.cast import in_threads, make_user, unchanged
from tests.rows import written


def raw(sql: str) -> None:
    """Execute a statement of no model."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


CHANGES: list[Callable[[], Any]] = [
    lambda: User.objects.update(name="Grace"),
    lambda: make_user("Grace"),
    lambda: User.objects.all().delete(),
    lambda: raw(" update accounts_user SET name = 'Grace'"),
    lambda: raw("WITH it AS (SELECT 'Grace' AS name) UPDATE accounts_user SET name = (SELECT name FROM it)"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_noticed(user: User, change: Callable[[], Any]) -> None:
    with pytest.raises(AssertionError), unchanged():
        change()


def test_what_is_taken_back_and_what_only_reads_is_no_change(user: User) -> None:
    with unchanged(), written() as statements:
        assert User.objects.select_for_update().get() == user
        with transaction.atomic():
            pass
        assert statements == []
        with transaction.atomic():
            user.delete()
            transaction.set_rollback(True)
        assert statements
    with unchanged():
        User.objects.update(name=user.name)


@pytest.mark.django_db(transaction=True)
def test_what_others_commit_is_a_change(user: User) -> None:
    with pytest.raises(AssertionError), unchanged():
        in_threads(lambda: make_user("Grace"))
