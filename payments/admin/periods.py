"""The books in the admin: closed months, trial balance, ages and journal, and the closing of the next month."""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSingleDateWidget, UnfoldAdminTextInputWidget

from backoffice.base import ReadOnlyAdmin, ReadOnlyInline
from backoffice.columns import amount, amount_text, moment, related, shown
from backoffice.regional import InNoRegion
from backoffice.steps import ConfirmForm, Step, asked_again
from core import clock
from core.errors import ServiceError
from payments.books import ageing, banking, journal
from payments.books.balances import Balance, Scope, balances
from payments.books.closing import close, month_named, next_month
from payments.models import Period, PeriodTotal
from regions.models import Region

LIST = "admin:payments_period_changelist"
FILES = ("csv", "beancount", "bank")
CLOSE = Step(
    "close",
    "Close the month",
    lambda *_: None,
    "It takes no entries any more, which can't be undone. Anything learnt of it later is booked into the open month.",
)


class BooksForm(forms.Form):
    """Chooses the entries that are looked at, and what is made of them."""

    start = forms.DateField(label="From", required=False, widget=UnfoldAdminSingleDateWidget)
    end = forms.DateField(label="Before", required=False, widget=UnfoldAdminSingleDateWidget)
    region = forms.ModelChoiceField(Region.objects.order_by("name"), required=False, widget=UnfoldAdminSelectWidget)
    currency = forms.RegexField(r"^[A-Za-z]{3}$", required=False, widget=UnfoldAdminTextInputWidget)
    show = forms.ChoiceField(
        choices=[
            ("balances", "Trial balance"),
            ("ages", "Owed, by age, now"),
            ("csv", "Journal as CSV"),
            ("beancount", "Journal for Beancount"),
            ("bank", "Payouts to our bank, line by line, as CSV"),
        ],
        widget=UnfoldAdminSelectWidget,
    )

    def scope(self) -> Scope:
        """Returns the entries that are chosen by region and currency."""
        region = self.cleaned_data["region"]
        return Scope(region.pk if region else None, self.cleaned_data["currency"].lower())

    def days(self) -> tuple[datetime | None, datetime]:
        """Returns the midnights between which entries are looked at."""
        start, end = self.cleaned_data["start"], self.cleaned_data["end"]
        tomorrow = journal.day_after(clock.now())
        return start and _midnight(start), _midnight(end) if end else tomorrow


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _row(row: Balance, names: dict[Any, str]) -> list[str]:
    figures = (row.opening, row.debit, row.credit, row.closing)
    return [names.get(row.region, "–"), row.account, *(amount_text(each, row.currency) for each in figures)]


def _table(form: BooksForm) -> dict[str, Any]:
    """Returns the heading and the rows of what is shown on the page."""
    scope = form.scope()
    if form.cleaned_data["show"] == "ages":
        limits = [f"{days} days and older" for days in ageing.DAYS]
        now, rows = clock.now(), []
        for who, found in (
            ("Users owe", ageing.owed_by_users(scope, now=now)),
            ("Partners are owed", ageing.owed_to_partners(scope, now=now)),
        ):
            rows += [
                [who, *(amount_text(each, ages.currency) for each in (*ages.sums, ages.back, ages.total))]
                for ages in found
            ]
        return {"headers": ["Who", "Younger", *limits, "Owed back", "Total"], "rows": rows}
    start, end = form.days()
    names: dict[Any, str] = dict(Region.objects.values_list("pk", "name"))
    return {
        "headers": ["Region", "Account", "At the start", "Debits", "Credits", "At the end"],
        "rows": [_row(row, names) for row in balances(start, end, scope)],
    }


def _sent(form: BooksForm) -> HttpResponse:
    """Returns the journal, or the payouts to our bank, as a file, which is made while it is sent."""
    start, end = form.days()
    scope, what = form.scope(), form.cleaned_data["show"]
    if what == "bank":
        lines = banking.csv_of(start, end, scope.currency)
    else:
        lines = (journal.csv_of if what == "csv" else journal.beancount_of)(start, end, scope)
    kind = "plain" if what == "beancount" else "csv"
    answer = StreamingHttpResponse(lines, content_type=f"text/{kind}; charset=utf-8")
    last = end - timedelta(days=1)
    named = "bank" if what == "bank" else "journal"
    name = f"{named}-{start:%Y-%m-%d}-{last:%Y-%m-%d}" if start else f"{named}-until-{last:%Y-%m-%d}"
    answer["Content-Disposition"] = f'attachment; filename="{name}.{what if kind == "plain" else kind}"'
    return cast(HttpResponse, answer)


class PeriodTotalInline(ReadOnlyInline):
    """The sums of a closed month."""

    model = PeriodTotal
    money = amount("amount", "Amount")
    region_link = related("region", "Region")
    fields = ("region_link", "kind", "debit", "credit", "money", "entries")
    ordering = ("kind",)


@admin.register(Period)
class PeriodAdmin(ReadOnlyAdmin):
    """Closed months. Above them the books of any time."""

    reach = InNoRegion("The books are those of all regions together.")
    act_right = "payments.close_period"
    inlines = (PeriodTotalInline,)
    list_before_template = "admin/books.html"
    closed = moment("closed_at", "Closed")
    closer = related("closed_by", "Closed by", named=True)

    @shown("Month", ordering="starts_at")
    def month(self, row: Period) -> str:
        return str(row)

    list_display = ("month", "closed", "closer")
    list_select_related = ("closed_by",)
    search_ids: ClassVar[tuple[str, ...]] = ()
    ordering = ("-starts_at",)
    fields = ("month", "closed", "closer")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow closing to staff with that right."""
        return self.has_act_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the books above the list of closed months, or send a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked, names = request.GET.copy(), list(BooksForm.base_fields)
        # Sums over months that are still open take long in a large city: only when they are asked for.
        form = BooksForm(asked if "show" in asked else None, initial={"start": f"{clock.now():%Y-%m-01}"})
        context: dict[str, Any] = {"books_form": form}
        if form.is_valid():
            if form.cleaned_data["show"] in FILES:
                return _sent(form)
            context["books"] = _table(form)
        for name in names:
            asked.pop(name, None)
        request.GET = asked  # type: ignore[assignment]  # the list would take ours for its filters
        page: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **context})
        return page

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Explain the closing of the next month, then close it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if (asked := asked_again(request, request.path)) is not None:
            return asked
        if request.method == "POST":
            return self._closed(request)
        month = next_month()
        context = {
            **self.admin_site.each_context(request),
            "title": CLOSE.title,
            "opts": self.opts,
            "step": CLOSE,
            "action_name": CLOSE.name,
            "action_checkbox_name": "month",
            "rows": [(f"{month:%Y-%m}", f"{month:%Y-%m}")] if month else [],
            "form": ConfirmForm(request=request),
            "media": self.media,
        }
        return TemplateResponse(request, "admin/confirm_step.html", context)

    def _closed(self, request: HttpRequest) -> HttpResponse:
        try:
            month = month_named(request.POST.get("month", ""))
            logged = partial(self.log_addition, request, message=CLOSE.title)
            period = close(month, actor=request.user, now=clock.now(), then=logged)  # type: ignore[arg-type]
        except ServiceError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, f"{period} is closed.")
        return HttpResponseRedirect(reverse(LIST))
