"""Reads that are composed once."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import DEFAULT_DB_ALIAS

from accounts.models import User
from core.composed import Composed


def test_each_call_reads_the_rows_of_its_own_ids(user: User, other_user: User) -> None:
    names = Composed(lambda one, other: User.objects.filter(pk__in=[other, one]).order_by("name").values_list("name"))
    both = sorted([(user.name,), (other_user.name,)])
    assert names(user.pk, uuid4(), using=DEFAULT_DB_ALIAS) == [(user.name,)]
    assert names(uuid4(), other_user.pk, using=DEFAULT_DB_ALIAS) == [(other_user.name,)]
    assert names(user.pk, other_user.pk, using=DEFAULT_DB_ALIAS) == both
    assert names(uuid4(), uuid4(), using=DEFAULT_DB_ALIAS) == []


def test_it_is_composed_once(user: User, django_assert_num_queries: Callable[..., Any]) -> None:
    built = []

    def build(user_id: Any) -> Any:
        built.append(user_id)
        return User.objects.filter(pk=user_id).values_list("email")

    emails = Composed(build)
    with django_assert_num_queries(3):
        for _ in range(3):
            assert emails(user.pk, using=DEFAULT_DB_ALIAS) == [(user.email,)]
    assert len(built) == 1


def test_a_query_that_leaves_an_id_out_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="not in the statement"):
        Composed(lambda user_id: User.objects.values_list("pk"))(uuid4(), using=DEFAULT_DB_ALIAS)
