"""`manage.py make_history`: a made-up history keeps every promise, and is the same for the same seed."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Count
from pytest_django import Settings

from accounts.models import Partner, Role, User
from notifications.models import Event
from ops.made_history.making import Tables
from ops.seed import seed_region
from payments.models import Entry, Payment
from payments.states import PaymentStatus
from regions.models import Region
from requests_app.matching.decisions import chosen_again, explained
from requests_app.models import CheerRequest, Offer
from requests_app.records import Look, Matching
from requests_app.states import RequestStatus
from rides.models import Ride
from tests.cast import make_user, submit

pytestmark = pytest.mark.django_db
REQUESTS = 400
UNTIL = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _development(settings: Settings) -> None:
    settings.DEBUG = True


def make(requests: int = REQUESTS, **options: Any) -> None:
    call_command("make_history", requests=requests, until=UNTIL, stdout=StringIO(), **options)


def audit() -> str:
    out = StringIO()
    call_command("audit", "--live", stdout=out)
    return out.getvalue()


def test_a_made_up_history_keeps_every_promise() -> None:
    make()
    lines = audit().splitlines()
    assert "promises hold" in lines[-1]
    assert not [line for line in lines if line.endswith("warning")]


def test_it_has_something_of_everything_in_the_usual_proportions() -> None:
    make(events=0.5)
    tables = Tables(seed_region()).all
    assert len(tables) > 25
    assert [table.name for table in tables if not table.model._default_manager.exists()] == []
    assert CheerRequest.objects.count() == REQUESTS
    assert 2.5 * REQUESTS < Offer.objects.count() < 3.5 * REQUESTS
    assert 0.9 * REQUESTS < Ride.objects.count() < 1.1 * REQUESTS
    ends = {RequestStatus.COMPLETED, RequestStatus.CANCELLED, RequestStatus.NO_MATCH}
    assert set(CheerRequest.objects.values_list("status", flat=True)) == ends
    paid = set(Payment.objects.values_list("status", flat=True))
    assert paid == {PaymentStatus.PAID, PaymentStatus.DUE, PaymentStatus.FAILED, PaymentStatus.REFUNDED}


def test_what_is_young_says_why_it_went_to_whom() -> None:
    """Older offers have been pruned."""
    make()
    kept_since = UNTIL - timedelta(days=settings.DECISIONS_KEPT_DAYS)
    decided = Offer.objects.filter(decision__isnull=False)
    assert decided.exists()
    assert not decided.filter(created_at__lt=kept_since).exists()
    assert not Offer.objects.filter(created_at__gte=kept_since, decision=None).exists()
    assert [offer for offer in decided if chosen_again(offer) != offer.partner_id] == []
    assert not Look.objects.filter(last_at__lt=kept_since).exists()
    assert not Matching.objects.filter(created_at__lt=kept_since).exists()
    contended = [offer for offer in decided if "matching" in offer.decision]
    assert len(contended) == Matching.objects.count() > 0
    assert {explained(offer).contending for offer in contended} == {2}
    for offer in decided:
        assert (offer.rank, offer.among) == (explained(offer).nearer + 1, len(explained(offer).candidates))


def test_a_few_accounts_have_far_more_than_the_others() -> None:
    make(users=400, partners=300)
    for role, rows in ((Role.USER, "cheer_requests"), (Role.PARTNER, "partner__rides")):
        counts = [row["n"] for row in User.objects.filter(role=role).annotate(n=Count(rows)).order_by("-n").values("n")]
        assert counts[0] > 2 * counts[len(counts) // 2]


def drawn(seed: int) -> list[tuple[Any, ...]]:
    """Return the rows that a seed makes, and take them back."""
    with transaction.atomic():
        make(40, seed=seed)
        rows = [
            *CheerRequest.objects.order_by("pk").values_list("pk", "user", "status", "created_at"),
            *Ride.objects.order_by("pk").values_list("pk", "partner", "fare_amount", "end_time"),
            *Entry.objects.order_by("pk").values_list("pk", "kind", "source", "amount"),
            *Event.objects.order_by("recipient", "seq").values_list("recipient", "seq", "type", "payload"),
            *Partner.objects.order_by("pk").values_list("pk", "user__email", "rating_sum", "lat"),
        ]
        transaction.set_rollback(True)
    return rows


def test_a_seed_makes_the_same_history_each_time() -> None:
    first = drawn(1)
    assert len(first) > 200
    assert drawn(1) == first
    assert drawn(2) != first


def declared() -> list[tuple[str, str]]:
    """The indexes and constraints of all tables, with their definitions."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, coalesce(sql, '') FROM sqlite_master ORDER BY 1")
            return cursor.fetchall()
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")
        indexes = cursor.fetchall()
        cursor.execute(
            "SELECT conrelid::regclass::text || conname, pg_get_constraintdef(oid) || convalidated FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace ORDER BY 1"
        )
        return [*indexes, *cursor.fetchall()]


def test_every_index_and_constraint_is_there_afterwards() -> None:
    before = declared()
    make(40)
    assert declared() == before


# ---------------------------------------------------------------- where it is refused


def refused(**options: Any) -> str:
    """The reason why nothing was made."""
    before = CheerRequest.objects.count(), User.objects.count()
    with pytest.raises(CommandError) as refusal:
        make(**options)
    assert (CheerRequest.objects.count(), User.objects.count()) == before
    return str(refusal.value)


def test_no_production_database_gets_made_up_cheers(settings: Settings) -> None:
    settings.DEBUG = False
    assert "development" in refused()
    make_user("Somebody")
    assert "development" in refused(empty_database=True)


def test_an_empty_database_gets_them_without_debug_if_that_is_said(settings: Settings) -> None:
    settings.DEBUG = False
    make(40, empty_database=True)
    assert CheerRequest.objects.count() == 40


def test_real_cheers_are_not_mixed_with_made_up_ones(nyc: Region) -> None:
    submit(make_user("Somebody"))
    assert "already" in refused()


@pytest.mark.parametrize("options", [{"users": 3}, {"partners": 3}, {"days": 0}, {"requests": 0}, {"days": 1}])
def test_an_impossible_size_is_refused(options: dict[str, int]) -> None:
    assert refused(**options)
