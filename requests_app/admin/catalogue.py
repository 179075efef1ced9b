"""Kinds of cheer and regions in the admin."""

import logging
from typing import Any

from celery import current_app
from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import BooleanRadioFilter
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.states import PartnerType
from backoffice.base import StaffAdmin
from backoffice.columns import change_url, link, shown
from backoffice.regional import ForEveryRegion
from core.jobs import BROKER_AWAY
from regions.admin import RegionAdmin
from regions.models import Region
from regions.policies import Intake, Policy
from regions.selectors import policy_of
from requests_app.admin.policies import INTAKE_STEPS, PAUSE_REGION
from requests_app.models import RequestType
from requests_app.wakeups import match_queue

log = logging.getLogger(__name__)


def serve_queue(region_slug: str) -> None:
    """Tell the running workers to consume a new region's queue. Best effort."""
    try:
        current_app.control.add_consumer(match_queue(region_slug))
    except BROKER_AWAY as error:
        log.warning("workers were not told of region %s (%s); start them again", region_slug, type(error).__name__)


@admin.register(Region)
class DispatchRegionAdmin(RegionAdmin):
    """Regions and their tariffs. Changed prices apply to what is requested or planned from now on.

    The steps are for staff who may pause regions. How a region matches is a version of its policy.
    """

    steps = INTAKE_STEPS
    act_right = PAUSE_REGION

    @shown("Intake")
    def intake(self, row: Region) -> str:
        return Intake(policy_of(row.pk).intake).label

    @shown("Policy")
    def policy(self, row: Region) -> SafeString:
        """Link to the version in force, and to the form of a new one."""
        policy = policy_of(row.pk)
        new = f"{reverse('admin:regions_policy_add')}?region={row.pk}"
        present = link(change_url(Policy, policy.pk), f"version {policy.version}") if policy.version else "as usual"
        return format_html("{}, {} · {}", present, policy.get_intake_display().lower(), link(new, "new version"))

    fieldsets: Any = (
        (None, {"fields": ("name", "slug", "active", "time_zone", "policy")}),
        *RegionAdmin.fieldsets[1:],
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Region | None = None) -> tuple[str, ...]:
        """Show the policy, which has pages of its own."""
        return (*super().get_readonly_fields(request, obj), "policy")

    list_display = ("name", "slug", "active", "intake", "time_zone", "tariff", "fee", "start_guard")

    def save_model(self, request: HttpRequest, obj: Region, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            transaction.on_commit(lambda: serve_queue(obj.slug))


class RequestTypeForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker alone
    """Offers the partner types as checkboxes, so that only known ones are stored."""

    partner_types = forms.MultipleChoiceField(
        choices=PartnerType.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Who can serve it. None ticked means anybody.",
    )

    class Meta:
        model = RequestType
        fields = ("slug", "name", "description", "icon", "partner_types", "active", "position")


@admin.register(RequestType)
class RequestTypeAdmin(StaffAdmin):
    """The kinds of cheer. One that was ever requested can be retired, but not deleted."""

    reach = ForEveryRegion("Every region has the same kinds of cheer.")
    form = RequestTypeForm

    @shown("Partners")
    def partners(self, row: RequestType) -> str:
        labels = dict(PartnerType.choices)
        return ", ".join(str(labels.get(each, each)) for each in row.partner_types) or "Anybody"

    list_display = ("name", "icon", "slug", "partners", "active", "position")
    list_filter = (("active", BooleanRadioFilter),)
    search_fields = ("name", "slug", "description")
    search_ids = ()
    ordering = ("position", "slug")
    fields = (("name", "icon"), "slug", "description", "partner_types", ("active", "position"))

    def get_readonly_fields(self, request: HttpRequest, obj: RequestType | None = None) -> tuple[str, ...]:
        """The slug of an existing row is read-only: it is the primary key, and a changed one would add a row."""
        return ("slug",) if obj else ()
