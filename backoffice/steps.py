"""Steps that staff take with a row: a button on its page and an action of its list, both calling one service.

A refusal by the service becomes a message, never an error page. Each row is a transaction of its own, in which the step
is recorded, too (`chain.py`).
"""

import logging
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from unfold.decorators import action
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice.chain import acting
from backoffice.columns import change_url, label_of
from backoffice.models import REASON_MAX_CHARS, Channel
from core import clock
from core.errors import ServiceError
from core.security_log import pseudonym, record

log = logging.getLogger(__name__)

ROWS_MAX = 200  # of one list action
REFUSALS_SHOWN = 10
EVERY_FORM = frozenset({"_form_submitted", "reason"})  # fields that `run` does not get by name


def always(row: Any) -> bool:
    """Fit every row."""
    return True


@dataclass(frozen=True, slots=True)
class Step:
    """`run(row, actor, reason, now)` calls a service, and may return a sentence about the outcome."""

    name: str
    title: str
    run: Callable[..., str | None]
    explained: str  # the meaning, shown before the step is taken
    fits: Callable[[Any], bool] = always  # whether the button is shown
    icon: str = "arrow_forward"
    variant: ActionVariant = ActionVariant.DEFAULT
    asks_reason: bool = False
    sensitive: bool = False  # staff confirm who they are, unless they have done so within the last minutes
    asks: "type[StepForm] | None" = None  # a form with more fields than the reason: `run` gets their values by name
    named: Callable[[Any], str] = label_of  # the name of a row in messages


class StepForm(BaseDialogForm):
    """The form of a step. `told` names the fields whose values are in its record, where nothing personal may be."""

    told: ClassVar[tuple[str, ...]] = ()


class ConfirmForm(StepForm):
    """Asks for confirmation only."""


class ReasonForm(StepForm):
    """Asks for confirmation and a reason."""

    reason = forms.CharField(
        required=False,
        max_length=REASON_MAX_CHARS,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept in the history. The customer may see this.",
    )


class AmountForm(ReasonForm):
    """Asks for confirmation, an amount and a reason. No amount stands for all of it."""

    told = ("amount",)
    amount = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=9,
        decimal_places=3,
        widget=UnfoldAdminTextInputWidget,
        help_text="In whole units, for example 12.50; empty for all of it.",
    )
    field_order = ("amount", "reason")


class WhyForm(ReasonForm):
    """Asks for confirmation and a reason, which must be given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True


def form_of(step: Step) -> type[StepForm]:
    """Return the form that is filled in before a step."""
    return step.asks or (ReasonForm if step.asks_reason else ConfirmForm)


def row_action(step: Step) -> Callable[..., Any]:
    """Return the button of a step. It opens a dialog, whose form takes the step; following a link never does."""

    def run_one(model_admin: Any, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        row = model_admin.get_object(request, unquote(object_id))
        if row is None:
            messages.error(request, "This row is not there.")
            return _go(request, _list_url(model_admin))
        take(model_admin, request, step, [row], form.cleaned_data)
        still_there = model_admin.get_object(request, unquote(object_id)) is not None
        return _go(request, (still_there and change_url(model_admin.model, row.pk)) or _list_url(model_admin))

    run_one.__name__ = step.name
    dialog = {
        "title": step.title,
        "description": step.explained,
        "form_class": form_of(step),
        "form_submit_text": step.title,
    }
    button = action(
        run_one,
        permissions=["act"],
        description=step.title,
        url_path=step.name,
        icon=step.icon,
        variant=step.variant,
        dialog=dialog,
    )
    return _guarded(button) if step.sensitive else button


def _guarded(button: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return a button that asks who it is when its dialog opens, and when the dialog is sent."""

    @wraps(button)
    def guarded(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
        if not model_admin.has_act_permission(request):
            raise PermissionDenied
        page = change_url(model_admin.model, unquote(object_id)) or _list_url(model_admin)
        return asked_again(request, page) or button(model_admin, request, object_id=object_id)

    return guarded


class AsksAgain:
    """Asks staff who they are before a form of theirs is saved, or a row deleted, if `asks_again` says so."""

    def asks_again(self, request: HttpRequest, object_id: str | None) -> bool:
        """Whether what is sent needs it; `object_id` is None for a new row."""
        return True

    def changeform_view(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show a form or save it."""
        asked = self._asked(request, object_id)
        return asked or super().changeform_view(request, object_id, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask whether a row is to be deleted, or delete it."""
        asked = self._asked(request, object_id)
        return asked or super().delete_view(request, object_id, extra_context)  # type: ignore[misc]

    def _asked(self, request: HttpRequest, object_id: Any) -> HttpResponse | None:
        if request.method != "POST" or not self.has_change_permission(request):  # type: ignore[attr-defined]
            return None
        return asked_again(request, request.path) if self.asks_again(request, object_id) else None


def asked_again(request: HttpRequest, page: str) -> HttpResponse | None:
    """Return the way to the page that asks who it is, and from there to `page`; None if that was answered lately."""
    if did_recently_reauthenticate(request):
        return None
    messages.info(request, "Confirm that it is you, then take this step again.")
    method = get_adapter().get_reauthentication_methods(request.user)[0]
    return _go(request, f"{method['url']}?{urlencode({REDIRECT_FIELD_NAME: page})}")


def bulk_action(step: Step) -> Callable[..., Any]:
    """Return the list action of a step: a page explains the step and names the rows, then each row takes it."""

    @admin.action(description=f"{step.title} …", permissions=["act"])
    def run_selected(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if step.sensitive and (asked := asked_again(request, _list_url(model_admin))) is not None:
            return asked
        rows = list(queryset[: ROWS_MAX + 1])
        if len(rows) > ROWS_MAX:
            messages.error(request, f"Select at most {ROWS_MAX} rows.")
            return None
        confirmed = "_form_submitted" in request.POST
        form = form_of(step)(request=request, data=request.POST if confirmed else None)
        if form.is_valid():
            take(model_admin, request, step, rows, form.cleaned_data)
            return None
        return _confirm(model_admin, request, step, rows, form)

    run_selected.__name__ = f"{step.name}_selected"
    return run_selected


def _confirm(model_admin: Any, request: HttpRequest, step: Step, rows: list[Any], form: Any) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": step.title,
        "opts": model_admin.opts,
        "step": step,
        "action_name": f"{step.name}_selected",
        "rows": [(row.pk, step.named(row)) for row in rows],
        "form": form,
        "media": model_admin.media,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/confirm_step.html", context)


def take(model_admin: Any, request: HttpRequest, step: Step, rows: list[Any], said: dict[str, Any]) -> None:
    """Take a step with each row, with the values of the form, and report the outcome."""
    reason = said.get("reason", "")
    more = {name: value for name, value in said.items() if name not in EVERY_FORM} if step.asks else {}
    done: list[str | None] = []
    refusals: list[str] = []
    for row in rows:
        try:
            with acting(request, step.name, row, reason=reason, detail=_detail(step, said), channel=Channel.ADMIN):
                outcome = step.run(copy(row), request.user, reason, clock.now(), **more)
                model_admin.log_step(request, row, f"{step.title}{f': {reason}' if reason else ''}")
        except ServiceError as error:
            record_step(request, step, row, "refused", error.code)
            refusals.append(f"{step.named(row)}: {error.detail}")
        except Exception as error:
            log_failure(step, row, error)
            record_step(request, step, row, "failed", type(error).__name__)
            refusals.append(f"{step.named(row)}: this failed on our side; the log says why.")
        else:
            done.append(outcome)
            record_step(request, step, row, "ok", "")
    _report(request, step, done, refusals)


def _detail(step: Step, said: dict[str, Any]) -> str:
    return ", ".join(f"{name} {said[name]}" for name in form_of(step).told if said.get(name) is not None)


def log_failure(step: Step, row: Any, error: Exception) -> None:
    """Log that a step has failed on our side."""
    # A database's message may quote the row, and so contain personal data.
    quotes = isinstance(error, DatabaseError)
    log.error("%s of %s %s: %s", step.name, row._meta.label, row.pk, type(error).__name__, exc_info=not quotes)


def record_step(request: HttpRequest, step: Step, row: Any, outcome: str, code: str) -> None:
    """Write the outcome of a step with one of several rows to the security log."""
    kind = row._meta.label_lower
    record("step", outcome, request=request, step=step.name, kind=kind, subject=pseudonym(row.pk), code=code)


def _report(request: HttpRequest, step: Step, done: list[str | None], refusals: list[str]) -> None:
    if len(done) == 1:
        messages.success(request, done[0] or f"{step.title}: done.")
    elif done:
        messages.success(request, f"{step.title}: done for {len(done)}.")
    for refusal in refusals[:REFUSALS_SHOWN]:
        messages.error(request, refusal)
    if len(refusals) > REFUSALS_SHOWN:
        messages.error(request, f"… and {len(refusals) - REFUSALS_SHOWN} more were refused.")


def _list_url(model_admin: Any) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")


def _go(request: HttpRequest, url: str) -> HttpResponse:
    """Redirect: through htmx from the dialog, or plainly if the browser runs no scripts."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
