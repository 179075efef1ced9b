"""Switchbacks in the admin: what they have shown. Staff begin and stop them on the page of their trial."""

from math import isnan
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from backoffice.base import ReadOnlyInline
from backoffice.columns import NOTHING, moment, related
from insights.admin.shadows import Running
from insights.sandbox.effect import Effect, effects
from insights.sandbox.models import Switchback, SwitchbackSlot
from insights.sandbox.switchbacks import slots_of

MINUTE_S = 60.0


class SlotInline(ReadOnlyInline):
    """The half hours of a switchback."""

    model = SwitchbackSlot
    verbose_name_plural = "Half hours"
    starts = moment("starts_at", "From")
    since_ = moment("since", "Counts from")
    policy_link = related("policy", "Policy", named=True)
    selected = ("policy",)
    ordering = ("-starts_at",)
    fields = ("starts", "arm", "policy_link", "since_", "requests", "unmatched", "served")


@admin.register(Switchback)
class SwitchbackAdmin(Running):
    """Rules that take turns by the half hour, newest first."""

    inlines = (SlotInline,)
    change_form_after_template = "admin/switchback.html"
    created = moment("created_at", "Asked")
    begins = moment("begins_at", "From")
    ends = moment("ends_at", "Until")

    list_display = ("begins", "ends", "region_link", "trial_link", "ended", "end", "author_link", "reason")
    ordering = ("-begins_at",)
    fields = (
        ("region_link", "trial_link"),
        ("created", "author_link"),
        "reason",
        ("begins", "ends"),
        ("ended", "end"),
        "seed",
    )
    readonly_fields = (
        "region_link",
        "trial_link",
        "created",
        "author_link",
        "reason",
        "begins",
        "ends",
        "ended",
        "end",
        "seed",
    )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Add the effects."""
        if obj is not None:
            context["panel"] = _effects(obj)
        page: HttpResponse = super().render_change_form(request, context, *args, obj=obj, **kwargs)
        return page


def _effects(switchback: Switchback) -> dict[str, Any]:
    found = effects(slots_of(switchback), seed=switchback.seed)
    rows = [
        _effect("Mean wait, min", found.mean_wait_s, 1 / MINUTE_S),
        _effect("Unmatched, %", found.unmatched_share, 100.0),
    ]
    headers = ["", "From before", "Tried", "Difference", "95% interval", "By chance"]
    return {
        "days": found.days,
        "hours": found.hours,
        "drawn": "days" if found.by_days else "hours",
        "effects": {"headers": headers, "rows": rows},
    }


def _effect(title: str, effect: Effect, factor: float) -> list[str]:
    interval = f"{_number(effect.low * factor, '+')} to {_number(effect.high * factor, '+')}"
    figures = [_number(effect.before * factor), _number(effect.tried * factor), _number(effect.value * factor, "+")]
    return [title, *figures, interval, NOTHING if isnan(effect.chance) else f"{effect.chance:.3f}"]


def _number(value: float, sign: str = "") -> str:
    return NOTHING if isnan(value) else f"{value:{sign}.2f}"
