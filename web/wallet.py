"""The wallet (card on file, unpaid payments, confirmations that a bank asks for), and a partner's statement.

Only the wallet's pages may load the provider's script; their content security policy allows it.
"""

import math
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts.models import Role, User
from core import clock
from core.errors import ServiceError
from payments import configuration
from payments.books.credits import spendable
from payments.books.earnings import parts_of
from payments.books.payout_statement import LINES_MAX, entries_of, statement_of
from payments.models import Customer, Payment, PayoutAccount
from payments.provider import accounts, confirmations
from payments.states import UNPAID
from regions.selectors import active_regions
from web import selectors
from web.access import UserRequest, page_for
from web.content_security import payment_page
from web.pages import Pages

STRIPE_JS = "https://js.stripe.com/v3/"
UNPAID_SHOWN = 50


def _page(request: UserRequest, template: str, **context: object) -> HttpResponse:
    provider = {
        "publishableKey": settings.STRIPE_PUBLISHABLE_KEY,
        "demoBase": settings.STRIPE_API_BASE if settings.PAYMENTS_ARE_DEMO else None,
    }
    data = {**provider, **context.pop("data", {})}  # type: ignore[dict-item]  # callers pass a dictionary
    script = None if settings.PAYMENTS_ARE_DEMO or not configuration.enabled() else STRIPE_JS
    shown = {**context, "page_data": data, "stripe_js": script, "demo": settings.PAYMENTS_ARE_DEMO}
    return render(request, template, shown)


def _unpaid(user: User) -> list[Payment]:
    return list(Payment.objects.filter(user=user, status__in=UNPAID).order_by("-created_at")[:UNPAID_SHOWN])


@payment_page
@page_for(Role.USER)
def wallet(request: UserRequest) -> HttpResponse:
    """Show the card and the unpaid payments."""
    card = Customer.objects.filter(user=request.user).exclude(card_reference="").first()
    booking = request.GET.get("then") == "book"
    return _page(
        request,
        "payments/wallet.html",
        enabled=configuration.enabled(),
        card=card,
        unpaid=_unpaid(request.user),
        credits=list(spendable(request.user.pk, now=clock.now()).select_related("region").order_by("expires_at")),
        regions=active_regions(),
        retries=len(settings.PAYMENT_RETRIES_H),
        retry_days=math.ceil(sum(settings.PAYMENT_RETRIES_H) / 24),
        statement_suffix=settings.STRIPE_STATEMENT_SUFFIX,
        data={"next": "/" if booking else "/wallet"},
    )


@payment_page
@page_for(Role.USER)
def confirm(request: UserRequest, kind: str, waiting_id: UUID) -> HttpResponse:
    """Let the user confirm a payment, or the hold of a booking, with their bank."""
    find = {"payment": confirmations.of_payment, "hold": confirmations.of_hold}[kind]
    try:
        waiting = find(request.user, waiting_id)
    except ServiceError as error:
        if error.status == 404:
            raise Http404 from None
        waiting = None
    after = "/wallet"
    if waiting is not None and kind == "hold":
        after = f"/cheer/{getattr(waiting, 'request_id', '')}"
    return _page(
        request,
        "payments/confirm.html",
        waiting=waiting,
        currency=getattr(waiting, "currency", None) or getattr(getattr(waiting, "payment", None), "currency", "usd"),
        kind=kind,
        data={"confirmation": f"/{kind}/{waiting_id}/confirmation", "next": after},
    )


@page_for(Role.PARTNER)
def statement(request: UserRequest) -> HttpResponse:
    """Show a partner's earnings and payouts, line by line."""
    partner = selectors.partner_or_403(request.user)
    currency = partner.region.currency if partner.region else "usd"
    if request.GET.get(accounts.BACK) and configuration.connected():
        accounts.look_again(partner, now=clock.now())
        return redirect(f"{reverse('partner-statement')}?waiting=1")
    account = PayoutAccount.objects.filter(partner=partner).first()
    pages = Pages("at", LINES_MAX)
    try:
        entries = pages.paginate_queryset(entries_of(partner, currency), Request(request))
    except NotFound:
        return redirect("partner-statement")
    context = {
        "partner": partner,
        "statement": statement_of(partner, currency, entries),
        "earned": parts_of(partner, currency),
        "connected": configuration.connected(),
        "account": account,
        "waiting": "waiting" in request.GET,
        **pages.links(),
    }
    return render(request, "payments/statement.html", context)
