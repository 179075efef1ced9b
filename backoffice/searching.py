"""Searches of admin lists, whose cost does not grow with their tables.

An entry of `search_fields` says how a term is looked for:

- a relation to people, as `user` or `request__user`: the rows of those whom the search of their own list finds;
- a column with a lookup that an index carries, as `reference__exact`: that lookup;
- a column alone, as `note`: the words anywhere in it, in the newest `SEARCHED_MAX` rows.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest

from backoffice.regional import reached

SEARCHED_MAX = 10_000  # rows in which words are looked for
FOUND_MAX = 200  # people, or rows with such words
NOTHING = Q(pk__in=())
HELP = (
    "An id, a reference, or the beginning of an e-mail address or of an account's name finds rows of any age; "
    f"other words are looked for in the newest {SEARCHED_MAX:,} rows."
)


def bearing_id(model: type[Model], fields: Sequence[str], pk: UUID) -> Q:
    """Match the rows that have an id in one of these fields. Each table that is asked has an index for it."""
    found = NOTHING
    for field in fields:
        if LOOKUP_SEP in field:  # a join in an OR would read both tables from end to end
            found |= Q(
                pk__in=list(model._default_manager.filter(**{field: pk}).values_list("pk", flat=True)[:FOUND_MAX])
            )
        else:
            found |= Q(**{field: pk})
    return found


def matching(admin: Any, request: HttpRequest, term: str) -> Q:
    """Match the rows of a list that a search term finds."""
    found, words = NOTHING, NOTHING
    for field in admin.search_fields:
        people = _related_model(admin.model, field)
        if people is not None:
            found |= Q(**{f"{field}__in": _people(admin, request, people, term)})
        elif field.rpartition(LOOKUP_SEP)[2] in ("exact", "iexact", "istartswith"):
            found |= Q(**{field: term})
        else:
            words |= Q(**{f"{field}__icontains": term})
    along = getattr(admin, "along", "pk")
    rows = admin.model._default_manager.order_by(f"-{along}")
    if words is not NOTHING:
        oldest = rows.values_list(along, flat=True)[SEARCHED_MAX - 1 : SEARCHED_MAX].first()
        lately = rows if oldest is None else rows.filter(**{f"{along}__gte": oldest})
        found |= Q(pk__in=list(reached(lately.filter(words), request).values_list("pk", flat=True)[:FOUND_MAX]))
    return found


def _people(admin: Any, request: HttpRequest, model: type[Model], term: str) -> list[Any]:
    theirs = admin.admin_site.get_model_admin(model)
    rows = reached(model._default_manager.filter(matching(theirs, request, term)), request).order_by("-pk")
    return list(rows.values_list("pk", flat=True)[:FOUND_MAX])


def _related_model(model: Any, path: str) -> type[Model] | None:
    """The model at the end of a path of relations; None if the path ends with a column or a lookup."""
    for part in path.split(LOOKUP_SEP):
        try:
            model = model._meta.get_field(part).related_model
        except FieldDoesNotExist:
            return None
        if model is None:
            return None
    found: type[Model] = model
    return found
