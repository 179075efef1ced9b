"""The story of a request, on its page: looks, offers with their decisions, steps, money, and what staff have done."""

from collections.abc import Iterator
from typing import Any

from django.utils.html import format_html

from backoffice.columns import amount_text, change_url, label_of, link, moment_text
from backoffice.story import Line, by_staff
from payments.models import Hold, Payment
from requests_app.admin.matching import counts_text, headline
from requests_app.matching.decisions import explained
from requests_app.models import CheerRequest, Offer
from requests_app.states import OfferStatus, RequestStatus

SHOWN_MAX = 200  # of each kind, the newest


def story_of(request: CheerRequest, viewer: Any) -> Iterator[Line]:
    """Yield all that happened to a request. Money is in it if the viewer may see holds or payments."""
    yield from by_staff(request, SHOWN_MAX)
    yield from _offers(request)
    yield from _looks(request)
    yield from _steps(request)
    if viewer.has_perm("payments.view_hold"):
        yield from _holds(request)
    if viewer.has_perm("payments.view_payment"):
        yield from _payments(request)


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


def _holds(request: CheerRequest) -> Iterator[Line]:
    for hold in Hold.objects.filter(request=request).order_by("-number")[:SHOWN_MAX]:
        text = f"Hold of {amount_text(hold.amount, hold.currency)}"
        yield Line(hold.created_at, link(change_url(Hold, hold.pk), text), str(hold.get_status_display()))


def _payments(request: CheerRequest) -> Iterator[Line]:
    for payment in Payment.objects.filter(ride__request=request).order_by("-created_at")[:SHOWN_MAX]:
        text = f"{payment.get_kind_display()} of {amount_text(payment.amount, payment.currency)}"
        yield Line(payment.created_at, link(change_url(Payment, payment.pk), text), str(payment.get_status_display()))
