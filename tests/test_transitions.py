"""Every edge of every state graph, and what guards them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models, transaction
from django.utils import timezone

from accounts.applications import decide_application
from accounts.models import Partner, User
from accounts.states import APPLICATION_GRAPH, PARTNER_GRAPH, Application
from core.errors import Conflict
from core.transitions import REASON_MAX_CHARS, Graph, move_all
from payments.models import Payment
from payments.states import PAYMENT_GRAPH
from regions.models import Region
from requests_app.models import CheerRequest, Offer
from requests_app.states import OFFER_GRAPH, REQUEST_GRAPH, RequestStatus
from rides.models import Ride
from rides.states import RIDE_GRAPH
from tests.cast import fresh, make_applicant, submit, unchanged

GRAPHS = {
    "request": REQUEST_GRAPH,
    "offer": OFFER_GRAPH,
    "ride": RIDE_GRAPH,
    "partner": PARTNER_GRAPH,
    "payment": PAYMENT_GRAPH,
}
# What a status needs beside itself to satisfy the table's constraints.
NEEDS: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
    ("ride", "in_progress"): lambda: {"start_time": timezone.now()},
    ("ride", "completed"): lambda: {
        "start_time": timezone.now(),
        "end_time": timezone.now(),
        "ended_by": "partner",
        "fare_amount": 1000,
    },
}
EVERY_STATUS = [(name, status) for name, graph in GRAPHS.items() for status in graph.statuses.values]


@pytest.fixture
def rows(completed: Ride) -> dict[str, Any]:
    """One row of each kind, with nothing else beside it in the way."""
    found: dict[str, Any] = {
        "request": completed.request,
        "offer": Offer.objects.get(),
        "ride": completed,
        "partner": completed.partner,
        "payment": Payment.objects.get(),
    }
    return {name: fresh(row) for name, row in found.items()}


def put(row: Any, name: str, status: str) -> Any:
    """Set a row's status behind its graph's back."""
    needs = NEEDS.get((name, status), dict)()
    blank = {"start_time": None, "end_time": None, "ended_by": "", "fare_amount": None} if name == "ride" else {}
    type(row)._default_manager.filter(pk=row.pk).update(status=status, **{**blank, **needs})
    return fresh(row)


# ---------------------------------------------------------------- every pair of every graph


@pytest.mark.parametrize(("name", "old"), EVERY_STATUS)
def test_declared_edges_move_and_the_others_change_nothing(
    rows: dict[str, Any], staff: User, name: str, old: str
) -> None:
    for new in GRAPHS[name].statuses.values:
        row = put(rows[name], name, old)
        before, at = row.transitions.count(), timezone.now()
        needs = NEEDS.get((name, new), dict)()
        if not GRAPHS[name].allows(old, new):
            with unchanged(), pytest.raises(Conflict) as refused:
                row.move(new, actor=staff, at=at, reason="why", **needs)
            assert refused.value.code == "wrong_state"
            assert row.status == old
            continue
        row.move(new, actor=staff, at=at, reason="why", **needs)
        assert row.status == fresh(row).status == new
        assert row.transitions.count() == before + 1
        last = row.transitions.last()
        assert (last.old, last.new, last.actor, last.reason, last.at) == (old, new, staff, "why", at)


@pytest.mark.parametrize("name", GRAPHS)
def test_no_row_stays_where_it_is(name: str) -> None:
    graph = GRAPHS[name]
    assert not any(graph.allows(status, status) for status in graph.statuses.values)


def test_what_is_final() -> None:
    assert REQUEST_GRAPH.final == ["cancelled", "completed"]
    assert OFFER_GRAPH.final == ["accepted", "declined", "expired", "rescinded"]
    assert RIDE_GRAPH.final == ["cancelled", "completed"]
    assert PAYMENT_GRAPH.final == PARTNER_GRAPH.final == APPLICATION_GRAPH.final == []


@pytest.mark.parametrize("old", Application.values)
@pytest.mark.parametrize("new", Application.values)
def test_applications(nyc: Region, staff: User, old: str, new: str) -> None:
    partner = make_applicant("Ann")
    Partner.objects.filter(pk=partner.pk).update(application=old)
    if APPLICATION_GRAPH.allows(old, new):
        decide_application(partner, new, actor=staff, now=timezone.now(), reason="why")
        last = partner.application_transitions.last()
        assert last is not None
        assert (last.old, last.new, last.actor, last.reason) == (old, new, staff, "why")
        assert fresh(partner).application == new
    else:
        with unchanged(), pytest.raises(Conflict) as refused:
            decide_application(partner, new, actor=staff, now=timezone.now())
        assert refused.value.code == "wrong_state"


# ---------------------------------------------------------------- the guard


def test_somebody_was_first(pending: CheerRequest, user: User) -> None:
    """Two have seen it pending; the row count tells the second."""
    first, second = fresh(pending), fresh(pending)
    first.move(RequestStatus.CANCELLED, actor=user, at=timezone.now())
    with unchanged(), pytest.raises(Conflict) as refused:
        second.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now())
    assert refused.value.code == "state_changed"
    assert second.status == RequestStatus.PENDING


def test_many_move_together_or_not_at_all(nyc: Region, user: User, other_user: User) -> None:
    requests = [submit(user), submit(other_user)]
    fresh(requests[1]).move(RequestStatus.CANCELLED, actor=None, at=timezone.now())
    with unchanged(), pytest.raises(Conflict), transaction.atomic():
        move_all(requests, RequestStatus.NO_MATCH, actor=None, at=timezone.now())
    assert [row.status for row in requests] == ["pending", "pending"]


def test_many_seen_in_different_statuses_do_not_move(nyc: Region, user: User, other_user: User) -> None:
    one, other = submit(user), submit(other_user)
    other.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now())
    with unchanged(), pytest.raises(Conflict), transaction.atomic():
        move_all([one, other], RequestStatus.CANCELLED, actor=None, at=timezone.now())


def test_none_is_no_move(nyc: Region) -> None:
    with unchanged():
        move_all([], RequestStatus.CANCELLED, actor=None, at=timezone.now())


def test_fields_change_with_the_status(pending: CheerRequest) -> None:
    pending.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now(), closed_code="no_partner_nearby")
    assert (pending.closed_code, fresh(pending).closed_code) == ("no_partner_nearby", "no_partner_nearby")


def test_a_long_reason_is_cut(pending: CheerRequest) -> None:
    pending.move(RequestStatus.NO_MATCH, actor=None, at=timezone.now(), reason="é" * 1000)
    last = pending.transitions.last()
    assert last is not None
    assert last.reason == "é" * REASON_MAX_CHARS


# ---------------------------------------------------------------- impossible graphs


class Light(models.TextChoices):
    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@pytest.mark.parametrize(
    ("initial", "edges", "why"),
    [
        ("red", {"red": ["amber"]}, "differ"),  # green is nowhere
        ("red", {"red": ["amber", "green", "blue"]}, "differ"),  # blue is no status
        ("blue", {"red": ["amber"], "amber": ["green"], "green": ["red"]}, "differ"),
        ("red", {"red": ["amber"], "green": ["red"]}, "nothing leads to"),
        ("red", {"red": ["red"], "amber": ["green"], "green": ["amber"]}, "nothing leads to"),
    ],
)
def test_are_refused_at_construction(initial: str, edges: dict[str, list[str]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Graph(Light, initial=initial, edges=edges)


def test_a_possible_one() -> None:
    graph = Graph(Light, initial="red", edges={"red": ["amber"], "amber": ["green"]})
    assert graph.allows("red", "amber")
    assert not graph.allows("amber", "red")
    assert not graph.allows("no such", "red")
    assert graph.final == ["green"]
