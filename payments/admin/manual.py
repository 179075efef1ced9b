"""Manual entries in the admin: what staff book by hand, and the second person's approval above the limit."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.models import Partner, User
from backoffice.base import HistoryAdmin, HistoryInline, ReadOnlyAdmin
from backoffice.columns import amount, amount_text, badge, change_url, minor_units, moment, related
from backoffice.regional import InNoRegion
from backoffice.steps import Step, asked_again
from core import clock
from core.errors import ServiceError
from core.transitions import REASON_MAX_CHARS
from payments.manual_entries import Proposal, approve, propose, reject
from payments.models import ManualEntry, ManualEntryTransition, Payment
from payments.states import MANUAL_OF_PARTNERS, MANUAL_OF_PAYMENTS, ManualKind, ManualStatus

COLOURS = {ManualStatus.PROPOSED: "warning", ManualStatus.BOOKED: "success", ManualStatus.REJECTED: "danger"}


def outcome_of(row: ManualEntry) -> str:
    """Returns a sentence about what has become of a proposal."""
    if row.status == ManualStatus.BOOKED and row.kind == ManualKind.REFUNDED:
        return f"{amount_text(row.amount, row.currency)} is given back."
    if row.status == ManualStatus.BOOKED:
        return "It is booked."
    return "It is above your limit: somebody else has to approve it, under Manual entries."


def _approve(row: ManualEntry, actor: User, reason: str, now: datetime) -> None:
    approve(row, actor=actor, now=now)


def _reject(row: ManualEntry, actor: User, reason: str, now: datetime) -> None:
    reject(row, actor=actor, now=now, reason=reason)


def _waits(row: ManualEntry) -> bool:
    return row.status == ManualStatus.PROPOSED


class ManualEntryForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """Asks for what is to be booked and makes a proposal of it; the row is made by the service."""

    kind = forms.ChoiceField(choices=ManualKind.choices, widget=UnfoldAdminSelectWidget)
    payment_id = forms.UUIDField(
        label="Payment", required=False, widget=UnfoldAdminTextInputWidget, help_text="Its id; for users and shares."
    )
    partner_id = forms.UUIDField(
        label="Partner",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Their id; for payments to them and debts.",
    )
    whole_units = forms.DecimalField(
        label="Amount",
        min_value=0,
        max_digits=11,
        decimal_places=3,
        widget=UnfoldAdminDecimalFieldWidget,
        help_text="In whole units, for example 12.50.",
    )
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$", required=False, widget=UnfoldAdminTextInputWidget, help_text="Of a payment: empty."
    )
    reason = forms.CharField(
        max_length=REASON_MAX_CHARS,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept for ever. The customer may see this: name nobody else.",
    )

    class Meta:
        model = ManualEntry
        fields = ("kind", "payment_id", "partner_id", "whole_units", "currency", "reason")

    def proposal(self) -> Proposal:
        """Returns what the filled-in form proposes. Raises `ServiceError`."""
        said = self.cleaned_data
        payment = said["payment_id"] and Payment.objects.filter(pk=said["payment_id"]).first()
        currency = payment.currency if payment else said["currency"].lower()
        return Proposal(
            ManualKind(said["kind"]),
            minor_units(said["whole_units"], currency),
            currency,
            said["reason"],
            payment_id=said["payment_id"],
            partner_id=said["partner_id"],
        )

    def clean(self) -> dict[str, Any]:
        """Refuse ids of rows that do not exist, and what has no currency."""
        said: dict[str, Any] = super().clean() or {}
        kind, payment, partner = said.get("kind"), said.get("payment_id"), said.get("partner_id")
        if kind in MANUAL_OF_PAYMENTS and not (payment and Payment.objects.filter(pk=payment).exists()):
            self.add_error("payment_id", "Name a payment by its id.")
        if kind in MANUAL_OF_PARTNERS and not (partner and Partner.objects.filter(pk=partner).exists()):
            self.add_error("partner_id", "Name a partner by their id.")
        if not payment and not said.get("currency"):
            self.add_error("currency", "Name a currency, for example usd.")
        return said


class ManualEntryHistoryInline(HistoryInline):
    model = ManualEntryTransition


@admin.register(ManualEntry)
class ManualEntryAdmin(ReadOnlyAdmin):
    """Money that staff book by hand. Those above the author's limit wait for another person's approval."""

    reach = InNoRegion("The books are those of all regions together.")
    act_right = "payments.approve_manualentry"
    steps = (
        Step(
            "approve",
            "Approve",
            _approve,
            "It is booked now. You vouch for it as its author does.",
            fits=_waits,
            icon="done_all",
            variant=ActionVariant.SUCCESS,
            sensitive=True,
        ),
        Step(
            "reject",
            "Reject",
            _reject,
            "Nothing is booked. Its author may propose it again.",
            fits=_waits,
            icon="block",
            asks_reason=True,
        ),
    )
    inlines = (ManualEntryHistoryInline,)
    form = ManualEntryForm

    created = moment("created_at", "When")
    money = amount("amount", "Amount")
    status_badge = badge("status", "Status", COLOURS)
    payment_link = related("payment", "Payment")
    partner_link = related("partner", "Partner", named=True)
    author_link = related("author", "Author", named=True)
    approver_link = related("approver", "Decided by", named=True)
    list_display = ("created", "kind", "money", "status_badge", "reason", "author_link", "approver_link")
    list_filter = (("status", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    list_select_related = ("partner", "author", "approver")
    search_ids = ("pk", "payment_id", "partner_id")
    ordering = ("-created_at",)
    shown_fields = (
        ("kind", "money", "status_badge"),
        ("payment_link", "partner_link"),
        "reason",
        ("author_link", "approver_link", "needs_approval"),
        "created",
    )

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show a row's fields, or ask for those of a new one."""
        return ManualEntryForm.Meta.fields if obj is None else self.shown_fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let nothing of a row be changed."""
        if obj is None:
            return ()
        return ("money", "status_badge", "payment_link", "partner_link", "author_link", "approver_link", "created")

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show a row's history; a new one has none."""
        return () if obj is None else self.inlines

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow proposals to staff with that right."""
        return self._reached(request, "extensible") and bool(request.user.has_perm("payments.add_manualentry"))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask who it is, then show the form; a refusal of the books is a message, and nothing has changed."""
        if self.has_add_permission(request) and (asked := asked_again(request, request.path)) is not None:
            return asked
        try:
            page: HttpResponse = super().add_view(request, form_url, extra_context)
        except ServiceError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(request.get_full_path())
        return page

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> ManualEntry:
        """Propose what the form says."""
        return propose(form.proposal(), author=request.user, now=clock.now())  # type: ignore[arg-type]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Leave the row as the service has made it."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Leave the history as the service has made it."""

    def response_add(self, request: HttpRequest, obj: ManualEntry, post_url_continue: Any = None) -> HttpResponse:
        """Say what has become of it, on its page."""
        messages.success(request, outcome_of(obj))
        return HttpResponseRedirect(change_url(ManualEntry, obj.pk) or "..")


admin.site.register(ManualEntryTransition, HistoryAdmin)
