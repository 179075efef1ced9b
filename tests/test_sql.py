"""Locks and transitions: refused outside a transaction, and sent to the database that is named."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, connections, models, router, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from accounts.models import Partner, User
from core import rows, sql
from core.errors import Missing
from core.transitions import create_all, move_all
from notifications.events import recorded
from notifications.models import DeferredPush, Event, PushSubscription, Stream
from regions.models import Region, Terms
from requests_app import locks
from requests_app.models import CheerRequest, CheerRequestTransition, Offer, RequestType
from requests_app.states import RequestStatus
from rides.models import Ride
from testbed.processes import wait_until
from tests.cast import fresh, make_user, north, queue, unchanged

OTHER = "other"
MODELS: list[type[models.Model]] = [
    User,
    Region,
    Terms,
    RequestType,
    Partner,
    CheerRequest,
    CheerRequestTransition,
    Stream,
    Event,
    DeferredPush,
    PushSubscription,
]


def new_request(user: User, region: Region) -> CheerRequest:
    """A request that is yet to be inserted."""
    now = timezone.now()
    kind = RequestType.objects.using(user._state.db).get(slug="pep_talk")
    return CheerRequest(
        user=user, region=region, request_type=kind, lat=0, lng=0, created_at=now, next_attempt_at=now, give_up_at=now
    )


# ---------------------------------------------------------------- outside a transaction


@pytest.mark.django_db(transaction=True)
def test_no_lock_outside_a_transaction(nyc: Region, ride: Ride) -> None:
    offer, request = Offer.objects.get(), CheerRequest.objects.get()
    takings: list[Callable[[], object]] = [
        lambda: locks.lock_request(request.pk),
        lambda: locks.lock_partner(ride.partner_id),
        lambda: locks.lock_offer(offer.pk),
        lambda: locks.lock_ride(ride.pk),
        lambda: locks.lock_with_offer(offer.pk),
        lambda: locks.lock_with_ride(ride.pk),
        lambda: locks.lock_free_requests([request.pk]),
        lambda: locks.lock_free_partners([ride.partner_id], nyc),
        lambda: locks.lock_nearest_free_partner(new_request(request.user, nyc), [ride.partner_id]),
        lambda: rows.read_row(CheerRequest, using=DEFAULT_DB_ALIAS, lock=True, id=request.pk),
        lambda: rows.lock_in_order(Stream, ["user:x"], using=DEFAULT_DB_ALIAS),
        lambda: sql.add_to_counters(
            Stream, "last_seq", {"user:x": 1}, using=DEFAULT_DB_ALIAS, known=(PushSubscription, "recipient")
        ),
    ]
    for take in takings:
        with unchanged(), pytest.raises(TransactionManagementError):
            take()


@pytest.mark.django_db(transaction=True)
def test_no_transition_outside_a_transaction(nyc: Region, user: User, other_user: User) -> None:
    request, now = queue(user), timezone.now()
    steps: list[Callable[[], object]] = [
        lambda: request.move(RequestStatus.CANCELLED, actor=None, at=now),
        lambda: move_all([request], RequestStatus.CANCELLED, actor=None, at=now),
        lambda: new_request(other_user, nyc).create(actor=None, at=now),
        lambda: create_all([new_request(other_user, nyc)], actor=None, at=now),
        lambda: new_request(other_user, nyc).create_moved(RequestStatus.CANCELLED, actor=None, mover=None, at=now),
    ]
    for step in steps:
        with unchanged(), pytest.raises(TransactionManagementError):
            step()
    assert request.status == RequestStatus.PENDING


# ---------------------------------------------------------------- what is read with a lock


def test_a_row_comes_with_the_rows_it_points_at(
    nyc: Region, ride: Ride, django_assert_num_queries: Callable[..., Any]
) -> None:
    ride = Ride.objects.select_related("user", "partner").get()
    with django_assert_num_queries(3):
        partner, request = locks.lock_partner(ride.partner_id), locks.lock_request(ride.request_id)
        locked = locks.lock_ride(ride.pk)
        assert (partner.user.name, partner.region, partner.user.partner) == (ride.partner.name, nyc, partner)
        assert (request.user, request.region, locked.user) == (ride.user, nyc, ride.user)


def test_a_ride_is_locked_with_its_request_and_its_partner_in_one_statement(
    nyc: Region, ride: Ride, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(1):
        request, partner, locked = locks.lock_with_ride(ride.pk)
        assert (request.region, request.user.name, partner.user.partner, partner.region) == (
            nyc,
            locked.user.name,
            partner,
            nyc,
        )
        assert (locked.request, locked.partner) == (request, partner)


def locks_and_leaves(ride: Ride) -> None:
    """Lock a ride in a transaction and a connection of this thread's own."""
    with transaction.atomic():
        locks.lock_with_ride(ride.pk)
    connection.close()


def somebody_waits() -> bool:
    """Whether a connection waits for the end of another one's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite locks no rows")
def test_a_ride_waits_for_its_partner_with_the_request_locked_and_itself_free(ride: Ride) -> None:
    """The order is that of all transactions: request, partner, ride."""
    waiting = Thread(target=locks_and_leaves, args=[ride])
    with transaction.atomic():
        locks.lock_partner(ride.partner_id)
        waiting.start()
        wait_until(somebody_waits, 10, "the other transaction waits for the partner")
        free = Ride.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=ride.pk)
        taken = CheerRequest.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=ride.request_id)
        assert (free.exists(), taken.exists()) == (True, False)
    waiting.join()


def test_an_offer_of_somebody_else_is_missing(nyc: Region, offer: Offer, other_partner: Partner) -> None:
    with pytest.raises(Missing):
        locks.lock_with_offer(offer.pk, partner_id=other_partner.pk)


def test_a_relation_that_leads_nowhere_is_not_asked_for_again(
    db: None, user: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    with django_assert_num_queries(1):
        found = rows.read_row(User, "partner", "partner__region", using=DEFAULT_DB_ALIAS, id=user.pk)
        assert found is not None
        assert not hasattr(found, "partner")


def test_each_row_is_set_to_its_own_value(db: None) -> None:
    for recipient in ("user:b", "user:a", "user:c"):
        Stream.objects.create(recipient=recipient, last_seq=9)
    locked = rows.lock_in_order(Stream, ["user:b", "user:a", "user:none"], using=DEFAULT_DB_ALIAS)
    assert sorted(row.recipient for row in locked) == ["user:a", "user:b"]
    sql.set_each(Stream, "acked_seq", {"user:b": 2, "user:a": 1}, using=DEFAULT_DB_ALIAS)
    assert list(Stream.objects.order_by("recipient").values_list("acked_seq", flat=True)) == [1, 2, 0]


def test_a_row_that_points_at_nothing_is_read_all_the_same(db: None) -> None:
    user = make_user("Ann")
    partner = Partner(user=user, name="Ann", phone="1", status_since=timezone.now(), created_at=timezone.now())
    partner.create(actor=None, at=timezone.now())
    assert locks.lock_partner(partner.pk).region is None


def test_a_missing_row(db: None, user: User) -> None:
    with pytest.raises(Missing):
        locks.lock_request(user.pk)


def test_only_rows_of_the_values_named_are_locked_first(nyc: Region, partner: Partner, other_partner: Partner) -> None:
    def first(having: dict[str, list[Any]], **other_than: Any) -> Partner | None:
        rival = (CheerRequest, {"region_id": nyc.pk, "status": RequestStatus.PENDING})
        ids = [other_partner.pk, partner.pk]
        return rows.lock_first(
            Partner, ids, using=DEFAULT_DB_ALIAS, having=having, other_than=other_than, unless=rival
        )[0]

    here = {"region_id": [nyc.pk]}
    assert first(here) == other_partner
    assert first(here, user_id=other_partner.user_id) == partner
    assert first({**here, "status": ["offline", "busy"]}) is None
    assert first({**here, "status": ["offline", "available"]}) == other_partner
    queue(make_user("Ann"), at=north(-20_000))
    assert first(here) is None


# ---------------------------------------------------------------- several databases


class ToOther:
    """A router that sends every write to the other database."""

    def db_for_write(self, model: type[models.Model], **_: Any) -> str:
        return OTHER


@pytest.fixture
def other(tmp_path: Path, nyc: Region, user: User) -> Iterator[str]:
    """A second database, with the same user, region and request type in it and nothing else."""
    connections.databases[OTHER] = {
        **connections.databases[DEFAULT_DB_ALIAS],
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "other.sqlite3"),
        "OPTIONS": {},
    }
    try:
        connections[OTHER].connect()  # tests may only use what they connect to by themselves
        with connections[OTHER].schema_editor() as editor:
            for model in MODELS:
                editor.create_model(model)
        for row in (user, nyc, RequestType.objects.get(slug="pep_talk")):
            fresh(row).save(using=OTHER, force_insert=True)
        yield OTHER
    finally:
        connections[OTHER].close()
        del connections[OTHER]
        del connections.databases[OTHER]


def test_rows_move_on_the_database_they_come_from(other: str, user: User, nyc: Region) -> None:
    region = Region.objects.using(other).get()
    with unchanged():
        with transaction.atomic(other):
            request = new_request(User.objects.using(other).get(), region)
            request.create(actor=None, at=timezone.now())
        with transaction.atomic(other):
            locked = locks.lock_request(request.pk, using=other)
            assert (locked._state.db, locked.user._state.db, locked.region) == (other, other, region)
            locked.move(RequestStatus.CANCELLED, actor=None, at=timezone.now(), closed_note="x", closed_code="no_show")
    found = CheerRequest.objects.using(other).get()
    assert (found.status, found.closed_note) == ("cancelled", "x")
    steps = CheerRequestTransition.objects.using(other).order_by("id").values_list("old", "new")
    assert list(steps) == [("", "pending"), ("pending", "cancelled")]
    assert not CheerRequest.objects.exists()


def test_a_transaction_on_another_database_is_none(other: str) -> None:
    """The test itself runs in a transaction on the default database."""
    region = Region.objects.using(other).get()
    request = new_request(User.objects.using(other).get(), region)
    for step in (
        lambda: request.create(actor=None, at=timezone.now()),
        lambda: locks.lock_request(request.pk, using=other),
    ):
        with transaction.atomic(), pytest.raises(TransactionManagementError):
            step()


def test_events_go_to_the_database_named(other: str) -> None:
    with unchanged():
        for _ in range(2):
            with recorded(other) as outbox:
                outbox.withdraw_push("x")
                outbox.add("user:x", "hello", {})
    assert list(Event.objects.using(other).order_by("seq").values_list("recipient", "seq")) == [
        ("user:x", 1),
        ("user:x", 2),
    ]
    assert Stream.objects.using(other).get().last_seq == 2


def test_without_a_name_the_router_decides(other: str, settings: Any, user: User, nyc: Region) -> None:
    request = new_request(user, nyc)
    with unchanged():
        settings.DATABASE_ROUTERS = [ToOther()]
        with recorded() as outbox:
            request.create(actor=None, at=timezone.now())
            assert locks.lock_request(request.pk)._state.db == other
            request.move(RequestStatus.CANCELLED, actor=None, at=timezone.now())
            outbox.add("user:x", "hello", {})
        settings.DATABASE_ROUTERS = []
    assert router.db_for_write(CheerRequest) == DEFAULT_DB_ALIAS
    assert CheerRequest.objects.using(other).get().status == RequestStatus.CANCELLED
    assert Event.objects.using(other).get().seq == 1
