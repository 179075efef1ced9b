"""The wallet (card on file, unpaid payments, confirmations that a bank asks for), and a partner's statement.

Only the wallet's pages may load the provider's script; their content security policy allows it.
"""

import math
import re
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts.models import Partner, Role, User
from core import amounts, clock
from core.errors import ServiceError
from payments import configuration
from payments.books.credits import spendable
from payments.books.first_cheers import is_on
from payments.books.ledger import owed_to
from payments.books.periods import Period, PeriodKind, name_of, period_of
from payments.books.statement import currency_of, entries_of, lines_of, statement_of, tax_months, zone_of
from payments.models import Customer, Entry, Payment, PayoutAccount
from payments.provider import accounts, confirmations
from payments.referrals import invitations_of
from payments.statements.serializers import CURRENCY
from payments.statements.sums import sums_of
from payments.states import UNPAID
from regions.selectors import active_regions
from web import selectors
from web.access import UserRequest, page_for
from web.content_security import payment_page
from web.pages import Pages

STRIPE_JS = "https://js.stripe.com/v3/"
UNPAID_SHOWN = 50
LINES_MAX = 100  # of a statement, on a page


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
    invitations = invitations_of(request.user) if is_on() else None
    return _page(
        request,
        "payments/wallet.html",
        enabled=configuration.enabled(),
        card=card,
        unpaid=_unpaid(request.user),
        credits=list(spendable(request.user.pk, now=clock.now()).select_related("region").order_by("expires_at")),
        regions=active_regions(),
        invitations=invitations,
        invited_for=" / ".join(amounts.money(each.amount, each.currency) for each in invitations.credits)
        if invitations
        else "",
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
    """Show a partner's statement of a period, line by line, the amount owed to them now, and their payout account."""
    partner, now = selectors.partner_or_403(request.user), clock.now()
    if request.GET.get(accounts.BACK) and configuration.connected():
        accounts.look_again(partner, now=now)
        return redirect(f"{reverse('partner-statement')}?waiting=1")
    period, currency = _asked_for(request, partner, now=now)
    pages = Pages("at", LINES_MAX)
    try:
        entries = pages.paginate_queryset(entries_of(partner, period, currency), Request(request))
    except NotFound:
        return redirect("partner-statement")
    shown = statement_of(partner, period, currency, now=now)
    context = {
        "partner": partner,
        "statement": shown,
        "sums": sums_of(shown),
        "lines": lines_of(entries or []),
        "owed": shown.closing if not shown.complete else owed_to(partner, currency),
        "months": tax_months(partner, period, currency) if period.kind == PeriodKind.YEAR else [],
        "earlier": Entry.objects.filter(partner=partner, at__lt=period.start).exists(),
        "kinds": [
            (kind.label, name_of(kind, min(period.last, now.astimezone(period.zone).date()))) for kind in PeriodKind
        ],
        "connected": configuration.connected(),
        "account": PayoutAccount.objects.filter(partner=partner).first(),
        "waiting": "waiting" in request.GET,
        **pages.links(),
    }
    return render(request, "payments/statement.html", context)


def _asked_for(request: UserRequest, partner: Partner, *, now: datetime) -> tuple[Period, str]:
    """Return the period and the currency that a statement is asked for. Raises `Http404` for others."""
    zone = zone_of(partner)
    name = request.GET.get("period") or name_of(PeriodKind.MONTH, now.astimezone(zone).date())
    currency = request.GET.get("currency") or currency_of(partner)
    if not re.fullmatch(CURRENCY, currency):
        raise Http404
    try:
        return period_of(name, zone), currency
    except ValueError:
        raise Http404 from None
