"""Everything we hold about a person, as JSON."""

from datetime import datetime
from typing import Any

from django.db.models import Model

from accounts.models import User
from web.privacy.holdings import HOLDINGS, Holding, Owner

FORMAT = 1


def export(user: User, *, now: datetime) -> dict[str, Any]:
    """Everything about an account, as `{"format", "exportedAt", "email", "data": {section: [row]}}`.

    A row has the fields of its table under their own names. Secrets (hashes, keys, codes) are left out, because they
    would only help a thief. Other people appear by id only.
    """
    owner = Owner.of(user)
    data = {holding.section: [_row(holding, row, owner) for row in holding.rows(owner)] for holding in HOLDINGS}
    return {"format": FORMAT, "exportedAt": now, "email": user.email, "data": data}


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
