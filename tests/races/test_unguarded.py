"""That the races are real: with the guards taken away, each of them is lost under some schedule."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, models

from accounts.models import User
from api.idempotency import Answer
from core import transitions
from core.errors import Conflict
from notifications.events import Outbox
from regions.models import Region
from requests_app.models import Offer
from rides.models import Ride
from tests.races import arrival, dispatch, fulfilment
from tests.races.schedule import Schedule
from tests.races.stage import Race, Stage, violations

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def no_transaction() -> Iterator[Outbox]:
    outbox = Outbox(DEFAULT_DB_ALIAS, Answer(DEFAULT_DB_ALIAS))
    yield outbox
    outbox.write()
    outbox.push()


def move_carelessly(rows: Any, new: str, *, actor: Any, at: Any, reason: str = "", **changes: Any) -> None:
    """As `move_all`, but whatever the status is by now."""
    for row in rows:
        if not row.graph.allows(row.status, new):
            raise Conflict("wrong_state")
        type(row)._default_manager.filter(pk=row.pk).update(status=new, **changes)
        type(row).history._default_manager.create(
            subject=row, old=row.status, new=new, actor=actor, reason=reason, at=at
        )
        row.status = new


def take_guards_away(patch: pytest.MonkeyPatch) -> None:
    """No transaction, no row locks, no condition on the status: what is left is the look before the leap."""
    for module in (
        "services",
        "offers",
        "serving.fulfilment",
        "serving.arrival",
        "serving.answers",
        "serving.availability",
        "matching.batch",
    ):
        patch.setattr(f"requests_app.{module}.recorded", no_transaction)
    patch.setattr(models.QuerySet, "select_for_update", lambda rows, **_: rows)
    patch.setattr(type(connection.ops), "for_update_sql", lambda *_, **__: "")
    for module in ("core.rows", "core.sql", "core.transitions", "requests_app.locks"):
        patch.setattr(f"{module}.require_transaction", lambda _: None)
    patch.setattr(transitions, "move_all", move_carelessly)
    patch.setattr("accounts.partners.move_all", move_carelessly)
    patch.setattr("requests_app.matching.batch.move_all", move_carelessly)


@contextmanager
def without_unique_indexes() -> Iterator[None]:
    """The database forgets that offers and rides in hand are unique; what that let in must be gone at the end."""
    constraints = [
        (model, constraint)
        for model in (Offer, Ride)
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.condition is not None
    ]
    with connection.schema_editor() as editor:
        for model, constraint in constraints:
            editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
        with connection.schema_editor() as editor:
            for model, constraint in constraints:
                editor.add_constraint(model, constraint)


@pytest.mark.parametrize(
    "race",
    [
        dispatch.accept_and_accept,
        dispatch.accept_and_user_cancels,
        dispatch.accept_and_expiry,
        dispatch.accept_and_going_offline,
        dispatch.two_matchers,
        fulfilment.start_and_user_cancels,
        fulfilment.session_and_user_cancels,
        arrival.arrival_said_and_noticed,
        arrival.no_show_and_i_am_here,
    ],
    ids=lambda race: race.__name__,
)
def test_without_the_guards_the_race_is_lost(
    nyc: Region, staff: User, monkeypatch: pytest.MonkeyPatch, race: Callable[[Stage], Race]
) -> None:
    broken: set[str] = set()
    with without_unique_indexes():
        for seed in range(40):
            stage = Stage(nyc, staff, f"{race.__name__} {seed}")
            stage.clear()
            built = race(stage)
            with monkeypatch.context() as patch:
                take_guards_away(patch)
                Schedule(seed).run(*built.steps)
            broken.update(violations())
            if broken:
                break
    assert broken
