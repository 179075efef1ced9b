"""Everything we hold about a person, as JSON."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet

from accounts.models import User
from web.privacy.holdings import HOLDINGS, Holding, Owner

FORMAT = 1
BATCH = 500  # rows in memory at a time


def export(user: User, *, now: datetime) -> dict[str, Any]:
    """Everything about an account, as `{"format", "exportedAt", "email", "data": {section: [row]}}`.

    A row has the fields of its table under their own names. Secrets (hashes, keys, codes) are left out, because they
    would only help a thief. Other people appear by id only.
    """
    owner = Owner.of(user)
    data = {holding.section: list(_rows(holding, owner)) for holding in HOLDINGS}
    return {**_head(user, now), "data": data}


def pieces(user: User, *, now: datetime) -> Iterator[str]:
    """Yield the text of the same JSON, a row at a time, so that memory doesn't depend on how much there is."""
    owner = Owner.of(user)
    head = json.dumps(_head(user, now), cls=DjangoJSONEncoder, indent=2)
    yield head.removesuffix("\n}") + ',\n  "data": {'
    for number, holding in enumerate(HOLDINGS):
        yield f"{',' if number else ''}\n    {json.dumps(holding.section)}: ["
        for place, row in enumerate(_rows(holding, owner)):
            yield f"{',' if place else ''}\n      {json.dumps(row, cls=DjangoJSONEncoder)}"
        yield "]"
    yield "\n  }\n}\n"


def _head(user: User, now: datetime) -> dict[str, Any]:
    return {"format": FORMAT, "exportedAt": now, "email": user.email}


def by_path(holding: Holding, owner: Owner) -> Iterator[QuerySet[Model]]:
    """Select a holding's rows by each path to the person alone, without those that an earlier path has found.

    Each path has an index; a database that is asked for all paths with an OR reads the whole table instead.
    """
    found: Q = holding.belongs(owner)
    before = Q()
    for path in found.children if found.connector == Q.OR else [found]:
        rows = holding.all().filter(Q(path)).order_by("pk")
        yield rows.exclude(before) if before else rows
        before |= Q(path)


def _rows(holding: Holding, owner: Owner) -> Iterator[dict[str, Any]]:
    """Yield a holding's rows in batches along the key, path by path."""
    for rows in by_path(holding, owner):
        batch = list(rows[:BATCH])
        while batch:
            yield from (_row(holding, row, owner) for row in batch)
            batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])


def _row(holding: Holding, row: Model, owner: Owner) -> dict[str, Any]:
    fields = {
        column.attname: column.value_from_object(row)
        for column in row._meta.concrete_fields
        if column.attname not in holding.secret
    }
    if "actor_id" in fields:
        fields["actor"] = _who(fields.pop("actor_id"), owner)
        if fields["actor"] != "you":
            fields = {name: value for name, value in fields.items() if name not in holding.actors}
    return fields


def _who(actor_id: Any, owner: Owner) -> str:
    """The actor of a step: `system`, `you` or `somebody else`. Other people are not named."""
    if actor_id is None:
        return "system"
    return "you" if actor_id == owner.user.pk else "somebody else"
