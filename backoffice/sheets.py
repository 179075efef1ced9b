"""The page of a row as data: what the admin shows there, for the staff page, where it opens beside the map."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import display_for_field, flatten_fieldsets, label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from backoffice import looking
from backoffice.columns import NOTHING, change_url, label_of
from backoffice.models import Channel
from backoffice.steps import ConfirmForm, ReasonForm, Step, form_of
from backoffice.story import Line, in_order


@dataclass(frozen=True, slots=True)
class Button:
    """A step that needs no more than a reason, with the address that takes it by POST."""

    step: Step
    url: str

    @property
    def asks_reason(self) -> bool:
        """Whether it takes a reason."""
        return form_of(self.step) is ReasonForm


@dataclass(frozen=True, slots=True)
class Sheet:
    """A row with its fields, its story and the steps that fit it. `more`: steps that only its page has."""

    kind: str
    title: str
    url: str
    fields: list[tuple[str, Any]]
    story: list[Line]
    buttons: list[Button]
    more: list[str]


def sheet_of(request: HttpRequest, model: type[Model], pk: UUID) -> Sheet:
    """Return the page of a row, and record that the member of staff who calls has looked at its people.

    Raises `PermissionDenied` without the right to see such rows, and `Http404` if it is not there for them.
    """
    pages: Any = admin.site.get_model_admin(model)
    if not pages.has_view_or_change_permission(request):
        raise PermissionDenied
    row = pages.get_object(request, str(pk))
    if row is None:
        raise Http404
    looking.looked(request, row, pages.people(row), channel=Channel.ADMIN)
    buttons, more = _steps(pages, request, row)
    return Sheet(
        kind=capfirst(str(model._meta.verbose_name)),
        title=label_of(row),
        url=change_url(model, row.pk) or "",
        fields=list(_fields(pages, request, row)),
        story=in_order(pages.story(row, request.user)),
        buttons=buttons,
        more=more,
    )


def _fields(pages: Any, request: HttpRequest, row: Model) -> Iterator[tuple[str, Any]]:
    for name in flatten_fieldsets(pages.get_fieldsets(request, row)):
        field, _attribute, value = lookup_field(name, row, pages)
        shown = value if field is None else display_for_field(value, field, NOTHING)
        if shown not in ("", None, NOTHING):
            yield capfirst(str(label_for_field(name, type(row), pages))), shown


def _steps(pages: Any, request: HttpRequest, row: Model) -> tuple[list[Button], list[str]]:
    if not pages.has_act_permission(request, row):
        return [], []
    buttons, more = [], []
    for step in pages.steps:
        if not step.fits(row):
            continue
        if step.sensitive or form_of(step) not in (ReasonForm, ConfirmForm):
            more.append(step.title)
        else:
            meta = type(row)._meta
            url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{step.name}", args=[row.pk])
            buttons.append(Button(step, url))
    return buttons, more
