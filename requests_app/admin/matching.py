"""Looks and decisions of the matcher, on the pages of requests and offers."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.models import Partner
from backoffice.base import ReadOnlyInline
from backoffice.columns import NOTHING, badge, change_url, link, moment, shown
from requests_app.matching.decisions import Candidate, Explained, explained
from requests_app.models import Offer
from requests_app.records import IMMEDIATE, MATCHER, STAFF, LeftOut, Look, LookResult

LINE = mark_safe("<br>")
DECIDED = {IMMEDIATE: "Offered immediately", MATCHER: "By the matcher", STAFF: "By staff"}
LOOK_COLOURS = {LookResult.NOBODY_NEAR: "danger", LookResult.NOBODY_FITS: "danger", LookResult.BEYOND_CAP: "warning"}


def counts_text(left_out: dict[str, int]) -> str:
    """Say how many partners were left out, by reason."""
    return ", ".join(f"{count} {LeftOut(reason).label.lower()}" for reason, count in sorted(left_out.items()))


class LookInline(ReadOnlyInline):
    """The looks at a request that made no offer."""

    model = Look
    verbose_name_plural = "Looks without an offer"
    what = badge("result", "Result", LOOK_COLOURS)
    first = moment("first_at", "First")
    last = moment("last_at", "Last")

    @shown("Left out")
    def out(self, row: Look) -> str:
        return counts_text(row.left_out) or NOTHING

    fields = ("number", "what", "count", "first", "last", "wave", "searched", "fit", "out")
    ordering = ("-number",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # as for the page of the request


class Why:
    """The decision of an offer, as lines."""

    @shown("Why this partner")
    def why(self, row: Offer) -> str | SafeString:
        try:
            said = explained(row)
        except LookupError:
            return NOTHING
        ids = [each.partner_id for each in said.candidates] + [pk for pk, _ in said.left_out]
        names = dict(Partner.objects.filter(pk__in=ids).values_list("pk", "name"))
        lines: list[str | SafeString] = [headline(said)]
        lines += [_candidate(each, names) for each in said.candidates]
        lines += [
            format_html("{}: left out, {}", _linked(pk, names), LeftOut(reason).label.lower())
            for pk, reason in said.left_out
        ]
        if said.more_left_out:
            lines.append(f"More were left out: {counts_text(said.more_left_out)}")
        return format_html_join(LINE, "{}", ((line,) for line in lines))


def headline(said: Explained) -> str:
    """Say by whom a decision was made, and what bore on it."""
    parts = [DECIDED[said.by]]
    if said.contending > 1:
        parts.append(f"{said.contending} requests matched together")
    if said.waited_s:
        parts.append(f"waited {said.waited_s:.0f} s")
    if said.cap_s is not None:
        parts.append(f"shortage of {said.shortage}, pickup cap {said.cap_s:.0f} s")
    return ", ".join(parts)


def _candidate(each: Candidate, names: dict[UUID, str]) -> SafeString:
    outcome = {None: "chosen", "": "not chosen"}.get(each.left_out) or LeftOut(each.left_out or "").label.lower()
    figures = f"{each.distance_m:.0f} m, {each.travel_s:.0f} s on the way, cost {each.cost_s:.0f} s"
    return format_html("{}: {} ({})", _linked(each.partner_id, names), outcome, figures)


def _linked(pk: UUID, names: dict[UUID, str]) -> str | SafeString:
    return link(change_url(Partner, pk), names.get(pk, str(pk)))
