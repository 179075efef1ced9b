"""The admin's lists read no more for staff of one region than for others, however small the region is."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import User
from regions.models import Region
from tests import cast
from tests.other_regions import limited_to, make_boston
from tests.size import test_admin_lists as lists
from tests.size.city import Grown
from tests.size.test_admin_lists import _limits  # noqa: F401

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's"),
]


@pytest.fixture(params=["of another region", "of the region"])
def limited(filled: Grown, request: pytest.FixtureRequest) -> Grown:
    """The city, whose staff have every right in one region: that of every row, or one without any."""
    nyc = Region.objects.get(slug="nyc")
    clerk = cast.make_clerk("Bob")
    clerk.user_permissions.set(Permission.objects.all())
    clerk = limited_to(clerk, nyc if request.param == "of the region" else make_boston(nyc))
    return Grown({**filled.accounts, "staff": clerk}, filled.clients, filled.tables)


def every_list() -> Iterator[tuple[Any, dict[str, Any]]]:
    yield from ((model, query) for model in admin.site._registry for query in ({}, {"p": 1}))
    yield from lists.filters()
    yield from lists.waiting()


def test_no_list_reads_more(limited: Grown) -> None:
    assert list(lists.growing_lists(limited, every_list()).items()) == []


def test_no_search_reads_more(limited: Grown) -> None:
    assert list(lists.growing_lists(limited, lists.searches(limited)).items()) == []


def test_days_and_orders_read_no_more(limited: Grown) -> None:
    assert list(lists.growing_lists(limited, lists.days()).items()) == []


def test_they_find_what_is_theirs(limited: Grown) -> None:
    user = limited.accounts["user"]
    request = lists.RequestFactory().get("/", {"q": user.email})
    request.user = limited.accounts["staff"]
    found = list(admin.site.get_model_admin(User).get_changelist_instance(request).result_list)
    assert found == ([user] if limited.accounts["staff"].regions.get().slug == "nyc" else [])
