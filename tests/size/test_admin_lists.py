"""No list, search, filter, order or page of the admin reads more as a city grows."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import connection, reset_queries
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from api import page_throttle
from backoffice import growing, searching
from backoffice.growing import LISTED_MAX, Growing
from ops.admin_site import WAITING
from requests_app.care import Care
from requests_app.models import CheerRequest
from rides.models import Ride
from tests.size.city import UNTIL, Grown
from tests.size.plans import grown_statements, statements_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the plans are PostgreSQL's"),
]
READ_MAX = LISTED_MAX + 500  # the rows of a list, and some that a filter passes over
QUERIES_MAX = 12
LOOKED_AT = 500  # rows in which words are looked for, and filtered ones, in this small city


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_throttle, "hit_all", lambda counts: None)
    monkeypatch.setattr(searching, "SEARCHED_MAX", LOOKED_AT)
    monkeypatch.setattr(searching, "FOUND_MAX", 5)  # every fifth account is a busy one here
    monkeypatch.setattr(growing, "FILTERED_MAX", LOOKED_AT)


# Lists of tables that stay small, which may be sorted by any column.
SMALL = {
    "alerts.Alert": "of ninety days, and none while all is well",
    "accounts.SocketTicket": "those of the last half minute",
    "accounts.Partner": "as many as there are partners; filters look through all of them",
    "auth.Group": "set-up",
    "insights.Shadow": "by hand",
    "insights.Switchback": "by hand",
    "insights.Trial": "by hand",
    "notifications.DeferredPush": "those of the last minutes",
    "payments.BankPayout": "one a day",
    "payments.Difference": "what the provider and the books disagree about",
    "payments.Dispute": "seldom",
    "payments.ManualEntry": "by hand",
    "payments.PayoutHold": "by hand, or of flags",
    "payments.Period": "one a month",
    "payments.PromotionCode": "by hand",
    "payments.Reconciliation": "one a day",
    "regions.Region": "set-up",
    "regions.Policy": "one for each change of how a region matches",
    "regions.Terms": "one for each change of prices",
    "requests_app.RequestType": "set-up",
    "rides.Message": "those that somebody has reported",
}


def address_of(model: Any, **query: Any) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/?{urlencode(query)}"


def statements_of_list(filled: Grown, model: Any, query: dict[str, Any]) -> list[str]:
    """The statements that find the rows of a list, which is not rendered."""
    request = RequestFactory().get(address_of(model, **query))
    request.user = filled.accounts["staff"]
    reset_queries()
    with CaptureQueriesContext(connection) as captured:
        list(admin.site.get_model_admin(model).get_changelist_instance(request).result_list)
    return [statement["sql"] for statement in captured]


def growing_lists(filled: Grown, queries: Iterable[tuple[Any, dict[str, Any]]]) -> dict[str, list[str]]:
    """The lists that read more, with what they read. The few accounts of this city are quickly joined as a whole."""
    found, seen = {}, set[str]()
    for model, query in queries:
        tables = {name: rows for name, rows in filled.tables.items() if model is User or name != User._meta.db_table}
        statements = [sql for sql in statements_of_list(filled, model, query) if sql not in seen]
        seen |= set(statements)
        if findings := grown_statements(statements, tables, READ_MAX):
            found[address_of(model, **query)] = findings
    return found


def test_every_list_goes_along_an_index_or_stays_small() -> None:
    every: dict[Any, Any] = dict(admin.site._registry)
    assert {model._meta.label for model, lists in every.items() if not isinstance(lists, Growing)} == set(SMALL)
    assert [lists for lists in every.values() if lists.date_hierarchy] == []


def test_no_list_or_page_of_the_admin_reads_more_in_a_grown_city(filled: Grown) -> None:
    found = {}
    for model in admin.site._registry:
        newest = model._default_manager.order_by("-pk").first()
        for page in ["", "?p=1", *([f"{quote(newest.pk)}/change/"] if newest else [])]:
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{page}"
            tables = dict(filled.tables)
            if "change" in page:  # the few accounts of this city are quickly joined as a whole
                tables.pop(User._meta.db_table)
            if growing := grown_statements(statements_of(filled.clients["staff"], path), tables, LISTED_MAX):
                found[path] = growing
    assert found == {}


def test_no_list_asks_for_each_of_its_rows(filled: Grown) -> None:
    counts = {}
    for path in map(address_of, admin.site._registry):
        counts[path] = sum(sql.startswith("SELECT") for sql in statements_of(filled.clients["staff"], path))
    assert {path: count for path, count in counts.items() if count > QUERIES_MAX} == {}


def searches(filled: Grown) -> Iterator[tuple[Any, dict[str, Any]]]:
    ride = Ride.objects.latest("pk")
    people = [filled.accounts["rare user"].email, filled.accounts["rare partner"].name]
    ids = [ride.pk, ride.user_id, ride.partner_id, f"user:{ride.user_id}"]
    terms = [*people, *ids, "the door", "nothing of that kind"]
    return ((model, {"q": term}) for model in admin.site._registry for term in terms)


def test_no_search_reads_more(filled: Grown) -> None:
    assert list(growing_lists(filled, searches(filled)).items()) == []


def filters() -> Iterator[tuple[Any, dict[str, Any]]]:
    for model, lists in admin.site._registry.items():
        for each in lists.list_filter:
            first = each[0] if isinstance(each, tuple) else each
            if isinstance(first, type) and issubclass(first, admin.SimpleListFilter):
                shown: Any = first(HttpRequest(), {}, model, lists)
                yield from ((model, {first.parameter_name: value}) for value, _ in shown.lookup_choices)
                continue
            name = str(first)
            field: Any = model._meta.get_field(name)
            if field.is_relation:
                yield (
                    model,
                    {f"{name}__{field.target_field.name}__exact": field.related_model._default_manager.first().pk},
                )
            else:
                values = [value for value, _ in field.flatchoices] or [0, 1]
                yield from ((model, {f"{name}__exact": value}) for value in values if value != "")


def test_no_filter_reads_more(filled: Grown) -> None:
    assert len(list(filters())) > 60
    assert list(growing_lists(filled, filters()).items()) == []


def waiting() -> Iterator[tuple[Any, dict[str, Any]]]:
    lists = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
    yield from ((lists[name], query) for name, query in WAITING.values())
    yield from ((CheerRequest, {"letters": care}) for care in Care.values)


def test_no_list_of_what_waits_for_staff_reads_more(filled: Grown) -> None:
    assert list(growing_lists(filled, waiting()).items()) == []


def days() -> Iterator[tuple[Any, dict[str, Any]]]:
    lists: dict[Any, Any] = dict(admin.site._registry)
    for model, each in lists.items():
        if not isinstance(each, Growing):
            continue
        if each.came_at:
            day, start, end = f"{UNTIL:%Y-%m-}", f"{each.came_at}_from", f"{each.came_at}_to"
            yield model, {start: f"{day}10", end: f"{day}10"}
            yield model, {start: f"{day}01", end: f"{day}25", "o": "0"}
        yield from ((model, {"o": str(order)}) for order in range(len(lists[model].list_display)))


def test_neither_days_nor_any_order_read_more(filled: Grown) -> None:
    assert len(list(days())) > 60
    assert list(growing_lists(filled, days()).items()) == []


def test_a_search_finds_the_oldest_rows_of_an_account(filled: Grown) -> None:
    user = filled.accounts["user"]
    theirs = CheerRequest.objects.filter(user=user)
    for term in (user.email.upper(), user.email[:5] + "@", user.pk):
        path = address_of(CheerRequest, q=term, all="")
        found = filled.clients["staff"].get(path).context["cl"]
        assert found.result_count == min(theirs.count(), LISTED_MAX), term


def test_a_day_has_the_rows_of_that_day(filled: Grown) -> None:
    for model, column in ((CheerRequest, "created_at"), (Ride, "accepted_at"), (CheerRequest.history, "at")):
        rows = model._default_manager.filter(**{f"{column}__date": "2026-01-10"})
        query = {f"{column}_from": "2026-01-10", f"{column}_to": "2026-01-10"}
        found = filled.clients["staff"].get(address_of(model, **query)).context["cl"]
        assert found.result_count == rows.count() > 0, model
