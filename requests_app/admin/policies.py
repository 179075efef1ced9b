"""Policies of regions in the admin: a changed one is a new version, and each version can be brought back."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from accounts.staff_regions import may_see_region
from backoffice.base import StaffAdmin, as_uuid
from backoffice.columns import moment, related, shown
from backoffice.fields import WholeNumber
from backoffice.regional import InRegion
from backoffice.steps import Step, WhyForm
from core import clock
from core.texts import check_line
from regions.models import Region
from regions.policies import HOW_IT_MATCHES, LIMITS, Intake, Policy, check_radii
from regions.selectors import policy_of
from regions.services import change_policy, restore_policy, set_intake

PAUSE_REGION = "regions.pause_region"
MESSAGE_MAX_CHARS = 200


# ---------------------------------------------------------------- pausing, draining, opening


class StoppedForm(WhyForm):
    """Asks for a reason, and what users are told meanwhile."""

    message = forms.CharField(
        required=False,
        max_length=MESSAGE_MAX_CHARS,
        validators=[check_line],
        widget=UnfoldAdminTextInputWidget,
        help_text="What users are told, in your words. Empty: that no new cheers are taken at the moment.",
    )
    field_order = ("message", "reason")


def _intake_of(region: Region) -> str:
    return policy_of(region.pk).intake


def _pause(region: Region, actor: User, reason: str, now: datetime, message: str) -> None:
    set_intake(region, Intake.PAUSED, message, actor=actor, reason=reason, now=now)


def _drain(region: Region, actor: User, reason: str, now: datetime, message: str) -> None:
    set_intake(region, Intake.DRAINING, message, actor=actor, reason=reason, now=now)


def _open(region: Region, actor: User, reason: str, now: datetime) -> None:
    set_intake(region, Intake.OPEN, "", actor=actor, reason=reason, now=now)


DRAIN = Step(
    "drain",
    "Drain",
    _drain,
    "No new requests are taken. Those that wait are still matched, and cheers under way go on.",
    fits=lambda region: _intake_of(region) != Intake.DRAINING,
    icon="hourglass_bottom",
    asks=StoppedForm,
)
PAUSE = Step(
    "pause",
    "Pause",
    _pause,
    "No new requests are taken, and nobody is sent an offer: those that wait go on waiting until their patience ends. "
    "Offers that are out can still be accepted, and cheers under way go on.",
    fits=lambda region: _intake_of(region) != Intake.PAUSED,
    icon="pause",
    asks=StoppedForm,
)
OPEN = Step(
    "open",
    "Open",
    _open,
    "Requests are taken again, and those that wait are matched.",
    fits=lambda region: _intake_of(region) != Intake.OPEN,
    icon="play_arrow",
    asks=WhyForm,
)
INTAKE_STEPS = (DRAIN, PAUSE, OPEN)


# ---------------------------------------------------------------- versions


class RadiiField(forms.CharField):
    """Radii in metres, with commas between them."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[int] | None:
        text = super().clean(value)
        try:
            radii = [int(part) for part in text.split(",")] if text else None
        except ValueError:
            raise ValidationError("Give whole metres with commas between them, for example 2000, 5000.") from None
        if radii is not None:
            check_radii(radii)
        return radii


def _number(label: str, help_text: str, name: str, kind: type[forms.Field] = WholeNumber) -> Any:
    least, most = LIMITS[name]
    return kind(label=label, help_text=f"{help_text}, {least:g} to {most:g}.", required=False)


def _decimal(label: str, help_text: str, name: str) -> Any:
    field = _number(label, help_text, name, forms.FloatField)
    field.widget = UnfoldAdminTextInputWidget()
    return field


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker alone
    """The rules of a region, without a table: each field may be empty. The limits of numbers are the model's."""

    offer_ttl_s = _number("Time to answer", "How long a partner has to answer an offer: seconds", "offer_ttl_s")
    patience_s = _number("Patience", "How long a partner is looked for until staff take over: seconds", "patience_s")
    radii_m = RadiiField(
        label="Search radii",
        required=False,
        help_text="Metres, growing by wave, for example 2000, 5000, 10000.",
    )
    cap_s = _decimal("Greatest cap", "The farthest that a partner is sent: seconds of travel", "cap_s")
    cap_shortage = _decimal(
        "Requests at that cap", "With more recent requests the cap shrinks, where it is not local", "cap_shortage"
    )
    cap_least_s = _decimal("Least cap", "It never shrinks further: seconds of travel", "cap_least_s")
    cap_widens = _decimal("Widening", "Seconds that the cap gains for each second waited", "cap_widens")
    cap_local = _decimal(
        "Local cap", "Times the best cap for the demand around a partner; 0: one cap for all", "cap_local"
    )
    age_credit = _decimal("Credit for waiting", "Seconds of travel spared for each second waited", "age_credit")


class PolicyForm(RulesForm):
    """The words of a new version. Empty fields leave it to the installation."""

    class Meta:
        model = Policy
        fields = ("region", "reason", *HOW_IT_MATCHES)
        labels: ClassVar[dict[str, str]] = {"cap_lone": "Cap for one alone", "advises": "Advice where to wait"}


def _restore(policy: Policy, actor: User, reason: str, now: datetime) -> None:
    restore_policy(policy, actor=actor, reason=reason, now=now)


RESTORE = Step(
    "restore",
    "Bring back",
    _restore,
    "A new version is put in force that says the same of matching and hours. The intake stays as it is.",
    fits=lambda policy: policy_of(policy.region_id).version != policy.version,
    icon="history",
    asks=WhyForm,
)


@admin.register(Policy)
class PolicyAdmin(StaffAdmin):
    """How regions match, when they are open, and whether they take requests. The newest version of each is in force."""

    reach = InRegion("region")
    act_right = "regions.add_policy"
    form = PolicyForm
    since = moment("created_at", "Since")
    region_link = related("region", "Region", named=True)
    author_link = related("author", "Who", named=True)

    @shown("In force", boolean=True)
    def in_force(self, row: Policy) -> bool:
        return policy_of(row.region_id).version == row.version

    list_display = ("since", "region_link", "version", "in_force", "intake", "author_link", "reason")
    list_select_related = ("region", "author")
    search_fields = ("region__name", "region__slug", "reason")
    search_ids = ("pk", "region_id", "author_id")
    ordering = ("-created_at",)
    steps = (RESTORE,)
    asked_for = (
        (None, {"fields": ("region", "reason")}),
        ("Hours", {"fields": ("opening_hours",)}),
        ("Offers", {"fields": (("offer_ttl_s", "patience_s"), "radii_m")}),
        (
            "In a shortage",
            {"fields": (("cap_s", "cap_shortage"), ("cap_least_s", "cap_widens"), ("cap_local", "cap_lone"))},
        ),
        ("Waiting", {"fields": ("age_credit",)}),
        ("Partners", {"fields": ("advises",)}),
    )
    said = (
        (None, {"fields": (("region_link", "version"), ("since", "author_link"), "reason", ("intake", "message"))}),
        *asked_for[1:],
    )

    def get_fieldsets(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        """Ask for what a new version says, or show all that one says."""
        return self.asked_for if obj is None else self.said

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> Any:
        """Let nothing of a version be changed."""
        return (
            ()
            if obj is None
            else ("region_link", "version", "since", "author_link", "reason", "intake", "message", *HOW_IT_MATCHES)
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what is in force in the region of the link, if it names one."""
        region = as_uuid(request.GET.get("region", ""))
        if region is None or not may_see_region(request.user, region):  # type: ignore[arg-type]
            return {}
        policy = policy_of(region)
        return {"region": region, **{name: getattr(policy, name) for name in HOW_IT_MATCHES}}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """Put what the form says in force."""
        said = {name: form.cleaned_data[name] for name in HOW_IT_MATCHES}
        made = change_policy(obj.region, actor=request.user, reason=obj.reason, now=clock.now(), **said)  # type: ignore[arg-type]
        obj.pk, obj.version = made.pk, made.version
