"""Trials in the admin: staff ask for one, see how far it is, read its result, and put it to use."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.forms import Script
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from unfold.contrib.filters.admin import AllValuesCheckboxFilter

from accounts.staff_regions import may_see_region
from backoffice.base import StaffAdmin, as_uuid
from backoffice.columns import badge, moment, pretty_json, related
from backoffice.regional import InRegion
from backoffice.story import Line, WithStory, by_staff
from core import clock
from insights.admin.forms import TrialForm
from insights.admin.panels import csv_of, panel
from insights.admin.steps import STEPS
from insights.sandbox.conditions import TRIED
from insights.sandbox.models import Trial
from insights.sandbox.states import TrialStatus
from insights.sandbox.trials import ask_trial

STATUS_COLOURS = {
    TrialStatus.WAITING: "info",
    TrialStatus.RUNNING: "info",
    TrialStatus.DONE: "success",
    TrialStatus.FAILED: "danger",
}
SHOWN_MAX = 50  # lines of the story, the newest


@admin.register(Trial)
class TrialAdmin(WithStory, StaffAdmin):
    """Rules tried on recorded days, newest first."""

    reach = InRegion("region")
    act_right = "regions.add_policy"
    form = TrialForm
    steps = STEPS
    change_form_after_template = "admin/trial.html"

    created = moment("created_at", "Asked")
    ended = moment("ended_at", "Ended")
    status_badge = badge("status", "Status", STATUS_COLOURS)
    region_link = related("region", "Region", named=True)
    author_link = related("author", "Who", named=True)
    policy_link = related("policy", "Put in force as", named=True)
    rules = pretty_json("changes", "Changes")

    list_display = ("created", "region_link", "day", "name", "status_badge", "author_link", "policy_link")
    list_filter = (("status", AllValuesCheckboxFilter),)
    list_select_related = ("region", "author", "policy")
    search_fields = ("name", "reason", "region__name", "region__slug")
    search_ids = ("pk", "region_id", "author_id")
    ordering = ("-created_at",)
    asked_for = (
        (None, {"fields": (("region", "day"), "name", "reason")}),
        ("Offers", {"fields": (("offer_ttl_s", "patience_s"), "radii_m")}),
        (
            "In a shortage",
            {"fields": (("cap_s", "cap_shortage"), ("cap_least_s", "cap_widens"), ("cap_local", "cap_lone"))},
        ),
        ("Waiting", {"fields": ("age_credit",)}),
        ("Supply", {"fields": (("partners", "seed"),)}),
    )
    shown_fields: ClassVar[tuple[str, ...]] = (
        "region_link",
        "day",
        "name",
        "reason",
        "author_link",
        "created",
        "status_badge",
        "ended",
        "policy_link",
        "rules",
        "partners",
        "seed",
    )
    said = (
        (
            None,
            {
                "fields": (
                    ("region_link", "day"),
                    ("name", "reason"),
                    ("author_link", "created"),
                    ("status_badge", "ended"),
                    "policy_link",
                    "rules",
                    ("partners", "seed"),
                )
            },
        ),
    )

    class Media:
        js = (Script("js/admin/trial.js", type="module"),)

    def get_fieldsets(self, request: HttpRequest, obj: Trial | None = None) -> Any:
        """Ask for what is to be tried, or show what was."""
        return self.asked_for if obj is None else self.said

    def get_readonly_fields(self, request: HttpRequest, obj: Trial | None = None) -> Any:
        """Let nothing of a trial be changed."""
        return () if obj is None else self.shown_fields

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what another trial has asked, if the link names it, or with its region."""
        like = as_uuid(request.GET.get("like", ""))
        region = as_uuid(request.GET.get("region", ""))
        other = Trial.objects.filter(pk=like).first() if like else None
        if other is not None and may_see_region(request.user, other.region_id):  # type: ignore[arg-type]
            own = {"region": other.region_id, "day": other.day, "name": other.name, "partners": other.partners}
            return {**own, "seed": other.seed, **{name: other.changes.get(name) for name in TRIED}}
        if region is not None and may_see_region(request.user, region):  # type: ignore[arg-type]
            return {"region": region}
        return {}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Trial, form: Any, change: bool) -> None:
        """Ask for the trial."""
        made = ask_trial(
            obj.region,
            obj.day,
            name=obj.name,
            changes=form.cleaned_data["changes"],
            author=request.user,  # type: ignore[arg-type]
            now=clock.now(),
            partners=obj.partners,
            seed=obj.seed,
            reason=obj.reason,
        )
        obj.pk = made.pk

    def story(self, row: Trial, viewer: Any) -> Iterable[Line]:
        """Return what staff have done with it."""
        yield from by_staff(row, SHOWN_MAX)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Add the result."""
        if obj is not None:
            context["panel"] = panel(obj)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the page of a trial, or send its zones as a file."""
        page = super().change_view(request, object_id, form_url, extra_context)
        trial = (getattr(page, "context_data", None) or {}).get("original")  # None for those who may not see it
        if "csv" not in request.GET or trial is None or trial.status != TrialStatus.DONE:
            return page
        answer = StreamingHttpResponse(csv_of(trial), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="trial-{trial.region.slug}-{trial.day}.csv"'
        return cast(HttpResponse, answer)
