"""Base classes of all admin pages.

Nothing in the admin may break a promise of the domain. So statuses, money, times and keys are read-only; staff act
through a `Step`, which calls one service; and a form writes only the fields that it changed, because the others may
have changed in the database meanwhile.
"""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import PaginationInlineFormSet

from backoffice import looking, searching
from backoffice.chain import acting, changed_fields, keep
from backoffice.columns import moment, related, shown
from backoffice.growing import Growing, NewestRows
from backoffice.models import Channel
from backoffice.regional import Reach, WithinReach
from backoffice.steps import Step, bulk_action, row_action

ROWS_PER_PAGE = 50
MOMENT_PARTS = frozenset(
    {"year", "iso_year", "quarter", "month", "week", "week_day", "iso_week_day", "day", "hour", "minute", "second"}
)
HISTORY_PER_PAGE = 25


def as_uuid(text: str) -> UUID | None:
    """Return a pasted text as an id; None if it isn't one."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


class Recorded:
    """Records what staff add, change and delete on pages, in the transaction in which they do it."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return self._keep(super().log_addition(request, obj, message), request, "add", obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return self._keep(super().log_change(request, obj, message), request, "change", obj, message)  # type: ignore[misc]

    def log_step(self, request: HttpRequest, obj: Any, message: str) -> None:
        """Log a step, which records itself."""
        super().log_change(request, obj, message)  # type: ignore[misc]

    def _keep(self, logged: Any, request: HttpRequest, action: str, obj: Any, message: Any) -> Any:
        kind, fields = obj._meta.label_lower, changed_fields(message)
        keep(request, action, kind, str(obj.pk), detail=fields, channel=Channel.ADMIN)
        return logged

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with acting(request, "delete", obj, channel=Channel.ADMIN):
            super().delete_model(request, obj)  # type: ignore[misc]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)


class StaffAdmin(Recorded, WithinReach, ModelAdmin):
    """A list of rows, and a page for each. `steps` become buttons on the page and actions of the list."""

    act_right: ClassVar[str] = ""  # the right to take steps, if it is not the one to change the rows

    steps: ClassVar[Sequence[Step]] = ()
    search_ids: ClassVar[Sequence[str]] = ("pk",)  # fields in which a pasted id is looked up
    list_per_page = ROWS_PER_PAGE
    paginator = NewestRows
    search_help_text = searching.HELP
    show_full_result_count = False  # counting a big table costs more than the number is worth
    empty_value_display = "–"
    list_filter_submit = True
    compressed_fields = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for step in cls.steps:
            setattr(cls, step.name, row_action(step))
            setattr(cls, f"{step.name}_selected", bulk_action(step))
        cls.actions_detail = [step.name for step in cls.steps]
        cls.actions = [f"{step.name}_selected" for step in cls.steps]

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow steps to staff with `act_right`, or with the permission to change these rows."""
        if self.act_right:
            return self._reached(request, "writable") and bool(request.user.has_perm(self.act_right))
        return bool(super().has_change_permission(request))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions of the list, without the deletion of many rows."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Return the buttons that fit this row's present state; the service has the last word."""
        row = self.get_object(request, str(object_id))
        fitting = {step.name for step in self.steps if row is not None and step.fits(row)}
        actions = super().get_actions_detail(request, object_id)
        return [action for action in actions if action.path in fitting]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse filters by a part of a moment, on whose odd values Django fails, where the list offers none."""
        if not self.date_hierarchy and MOMENT_PARTS.intersection(lookup.split("__")):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a pasted id's row and those that point at it; look anything else up in `search_fields`."""
        term = search_term.strip()
        if self.search_ids and (pk := as_uuid(term)) is not None:
            return queryset.filter(searching.bearing_id(self.model, self.search_ids, pk)), False
        return (queryset.filter(searching.matching(self, request, term)) if term else queryset), False

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Refuse a selected id that can't be one, on which Django would fail."""
        for pk in request.POST.getlist(ACTION_CHECKBOX_NAME):
            if "\0" in pk or not self._could_be_id(pk):
                messages.error(request, "Nothing was done: a selected row is not there.")
                return HttpResponseRedirect(request.get_full_path())
        response: HttpResponse | None = super().response_action(request, queryset)
        return response

    def _could_be_id(self, text: str) -> bool:
        try:
            self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return True

    def people(self, row: Any) -> set[Any]:
        """Return the ids of the accounts that the page of a row is about. That it was opened is recorded."""
        return looking.people_of(row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the page of a row."""
        return self._looked(request, super().change_view(request, object_id, form_url, extra_context), "original")

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Refuse staff without the right to see these rows before a row is looked for, so that it stays unknown."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return self._looked(request, super().history_view(request, object_id, extra_context), "object")

    def _looked(self, request: HttpRequest, page: HttpResponse, name: str) -> HttpResponse:
        row = (getattr(page, "context_data", None) or {}).get(name)
        if row is not None:
            looking.looked(request, row, self.people(row), channel=Channel.ADMIN)
        return page

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
        elif fields := [name for name in form.changed_data if self._is_column(name)]:
            obj.save(update_fields=fields)

    def _is_column(self, name: str) -> bool:
        try:
            return bool(self.opts.get_field(name).concrete and not self.opts.get_field(name).many_to_many)
        except FieldDoesNotExist:
            return False


class NoAdding:
    """Forbids adding and deleting: only services create rows."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(NoAdding, StaffAdmin):
    """Rows that staff may look at and take steps with."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_view_permission(request, obj) or self.has_act_permission(request, obj))


class SuperuserOnly:
    """Restricts pages on which staff could raise their own rights to superusers."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def _superuser(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    has_view_permission = has_change_permission = has_add_permission = has_delete_permission = _superuser


class ReadOnlyFormSet(PaginationInlineFormSet):
    """Pages of read-only rows. Posted rows are ignored, because other rows may have been added meanwhile."""

    new_objects: ClassVar[list[Any]] = []
    changed_objects: ClassVar[list[Any]] = []
    deleted_objects: ClassVar[list[Any]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for posted in ("data", "files", "save_as_new"):
            kwargs.pop(posted, None)
        super().__init__(*args, **kwargs)

    def is_valid(self) -> bool:
        return True

    def save(self, commit: bool = True) -> list[Any]:
        return []

    def get_page_num(self) -> int:
        page = self.request.GET.get(self.get_pagination_key(), "")
        return int(page) if page.isascii() and page.isdecimal() and 0 < len(page) < 8 and int(page) else 1


class ReadOnlyInline(NoAdding, TabularInline):
    """Read-only rows of another table, on the page of the row that they belong to."""

    formset = ReadOnlyFormSet
    extra = 0
    can_delete = False
    tab = True
    hide_title = True
    show_count = True
    per_page = HISTORY_PER_PAGE
    ordering = ("-pk",)
    selected: ClassVar[Sequence[str]] = ()  # for select_related

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.selected) if self.selected else rows

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return tuple(self.fields or ())


class _Trail:
    """The columns of a history."""

    moment = moment("at", "When")
    who = related("actor", "Who", named=True)

    @shown("Step")
    def step(self, row: Any) -> str:
        return str(row)


class HistoryInline(_Trail, ReadOnlyInline):
    """The history of a row, newest first."""

    fields = ("moment", "step", "who", "reason")
    ordering = ("-id",)
    selected = ("actor",)
    verbose_name_plural = "History"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # as for the page itself


class HistoryAdmin(Growing, _Trail, ReadOnlyAdmin):
    """The history of all rows of a kind, newest first."""

    @property
    def reach(self) -> Reach:  # type: ignore[override]
        """Of the rows whose history it is."""
        subject = self.model._meta.get_field("subject").related_model
        found: Reach = self.admin_site.get_model_admin(subject).reach.behind("subject")
        return found

    of = related("subject", "Of")
    list_display = ("moment", "of", "step", "who", "reason")
    list_select_related = ("actor",)
    came_at = "at"
    search_fields = ("actor", "reason")
    search_ids = ("subject_id", "actor_id")
    fields = ("moment", "of", "step", "who", "reason")
    readonly_fields = fields
