"""The story of a request, on its page: looks, offers with their decisions, steps, money, and what staff have done."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from backoffice.columns import NOTHING, amount_text, change_url, label_of, link, moment_text
from backoffice.models import StaffAction
from payments.models import Hold, Payment
from requests_app.admin.matching import counts_text, headline
from requests_app.matching.decisions import explained
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus

HEADERS = ["When", "What", "More", "Who"]
SHOWN_MAX = 200  # of each kind, the newest


class Line(NamedTuple):
    """One thing that happened, at a moment."""

    at: datetime
    what: str | SafeString
    more: str | SafeString = ""
    who: User | None = None


def story_of(request: CheerRequest, viewer: Any) -> dict[str, Any]:
    """The story of a request as a table, oldest first. Money is in it if the viewer may see holds or payments."""
    lines = [*_by_staff(request), *_offers(request), *_looks(request), *_steps(request)]
    if viewer.has_perm("payments.view_hold"):
        lines += _holds(request)
    if viewer.has_perm("payments.view_payment"):
        lines += _payments(request)
    lines.reverse()  # each kind is the newest first, and some of it is of the same moment
    lines.sort(key=lambda line: line.at)
    rows = [
        [moment_text(each.at), each.what, each.more or NOTHING, label_of(each.who) if each.who else NOTHING]
        for each in lines
    ]
    return {"headers": HEADERS, "rows": rows}


def _steps(request: CheerRequest) -> Iterator[Line]:
    for step in request.transitions.select_related("actor").order_by("-pk")[:SHOWN_MAX]:
        yield Line(step.at, str(RequestStatus(step.new).label), step.reason, step.actor)


def _looks(request: CheerRequest) -> Iterator[Line]:
    for look in request.looks.order_by("-number")[:SHOWN_MAX]:
        until = f"until {moment_text(look.last_at)}; " if look.count > 1 else ""
        found = f"{until}{look.searched} near, {look.fit} of them fit"
        out = counts_text(look.left_out)
        yield Line(look.first_at, str(look), f"{found}; left out: {out}" if out else found)


def _offers(request: CheerRequest) -> Iterator[Line]:
    offers = Offer.objects.defer(None).filter(request=request).select_related("partner", "partner__user")
    for offer in offers.order_by("-created_at")[:SHOWN_MAX]:
        partner = link(change_url(type(offer.partner), offer.partner_id), label_of(offer.partner))
        made = link(change_url(Offer, offer.pk), "Offered")
        yield Line(
            offer.created_at, format_html("{} to {}", made, partner), f"{offer.distance_m} m away; {_why(offer)}"
        )
        if offer.answered_at is not None:
            said = " ".join(part for part in (str(offer.get_closed_code_display()), offer.closed_note) if part)
            answer = OfferStatus(offer.status).label
            yield Line(offer.answered_at, format_html("{} by {}", answer, partner), said)


def _why(offer: Offer) -> str:
    try:
        said = explained(offer)
    except LookupError:
        return "why is not kept any more"
    out = len(said.left_out) + sum(said.more_left_out.values())
    return f"{headline(said)}; {len(said.candidates)} could be chosen, {out} were left out"


def _by_staff(request: CheerRequest) -> Iterator[Line]:
    mine = StaffAction.objects.filter(kind=request._meta.label_lower, subject=str(request.pk)).select_related("actor")
    for action in mine.order_by("-number")[:SHOWN_MAX]:
        more = "; ".join(part for part in (action.detail, action.reason) if part)
        yield Line(action.at, f"Staff: {action.action.replace('_', ' ')}", more, action.actor)


def _holds(request: CheerRequest) -> Iterator[Line]:
    for hold in Hold.objects.filter(request=request).order_by("-number")[:SHOWN_MAX]:
        text = f"Hold of {amount_text(hold.amount, hold.currency)}"
        yield Line(hold.created_at, link(change_url(Hold, hold.pk), text), str(hold.get_status_display()))


def _payments(request: CheerRequest) -> Iterator[Line]:
    for payment in Payment.objects.filter(ride__request=request).order_by("-created_at")[:SHOWN_MAX]:
        text = f"{payment.get_kind_display()} of {amount_text(payment.amount, payment.currency)}"
        yield Line(payment.created_at, link(change_url(Payment, payment.pk), text), str(payment.get_status_display()))
