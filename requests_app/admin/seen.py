"""The present pages of an account, for support: as the API tells them to it, without acting as it.

Each part is for staff who may see such rows, and of their regions only. The PIN of a session is withheld.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from accounts.models import Partner, Role, User
from accounts.staff_regions import within
from backoffice.columns import NOTHING, amount_text, change_url, json_block, link, moment_text
from payments.books.credits import spendable
from payments.models import Customer, Payment
from payments.states import UNPAID
from requests_app.models import CheerRequest
from requests_app.selectors import open_offers_of
from requests_app.serializers import offer_body, request_body
from requests_app.states import OPEN
from rides.models import Ride
from rides.serializers import ride_body
from rides.states import ACTIVE

Row = list[Any]
SHOWN_MAX = 10  # of each kind, the newest
WITHHELD = "(withheld)"


def seen_by(account: User, staff: User, *, now: datetime) -> list[dict[str, Any]]:
    """Return tables of what an account is shown, each with a title, headers and rows."""
    partner = Partner.objects.select_related("region").filter(user=account).first()
    present = [*_present(account, staff), *(_of_partner(partner, staff, now=now) if partner else ())]
    tables = [("Their page now", ["Row", "What it is told"], present)]
    if account.role == Role.USER:
        tables.append(("Their wallet", ["What", "What is shown"], list(_wallet(account, staff, now=now))))
    tables.append(("Their history", ["When", "Row", "State", "Amount"], list(_history(account, partner, staff))))
    return [{"title": title, "table": {"headers": heads, "rows": rows}} for title, heads, rows in tables if rows]


def _present(account: User, staff: User) -> Iterator[Row]:
    if staff.has_perm("requests_app.view_cheerrequest"):
        requests = CheerRequest.objects.select_related("region", "user").filter(user=account, status__in=OPEN)
        for request in within(requests, staff, "region"):
            yield [_to(request, "Request"), _told(request_body(request, account, live=True))]
    if staff.has_perm("rides.view_ride"):
        rides = Ride.objects.select_related("partner__region", "user").filter(user=account, status__in=ACTIVE)
        for ride in within(rides, staff, "request__region"):
            yield [_to(ride, "Ride"), _told(ride_body(ride, account))]


def _of_partner(partner: Partner, staff: User, *, now: datetime) -> Iterator[Row]:
    if staff.has_perm("requests_app.view_offer"):
        for offer in within(open_offers_of(partner, now=now), staff, "request__region"):
            yield [_to(offer, "Offer"), _told(offer_body(offer))]
    if staff.has_perm("rides.view_ride"):
        rides = Ride.objects.select_related("partner__region", "user").filter(partner=partner, status__in=ACTIVE)
        for ride in within(rides, staff, "request__region"):
            yield [_to(ride, "Ride that they serve"), _told(ride_body(ride, partner.user))]


def _wallet(account: User, staff: User, *, now: datetime) -> Iterator[Row]:
    if staff.has_perm("payments.view_customer"):
        card = Customer.objects.filter(user=account).exclude(card_reference="").first()
        yield ["Card", f"{card.card_brand} {card.card_last4}" if card else NOTHING]
    if staff.has_perm("payments.view_payment"):
        unpaid = Payment.objects.filter(user=account, status__in=UNPAID).order_by("-created_at")
        for payment in within(unpaid, staff, "ride__request__region")[:SHOWN_MAX]:
            yield [_to(payment, "Unpaid"), amount_text(payment.amount, payment.currency)]
    if staff.has_perm("payments.view_credit"):
        for credit in spendable(account.pk, now=now).order_by("expires_at")[:SHOWN_MAX]:
            left = f"{amount_text(credit.left, credit.currency)} until {moment_text(credit.expires_at)}"
            yield [_to(credit, "Credit"), left]


def _history(account: User, partner: Partner | None, staff: User) -> Iterator[Row]:
    if not staff.has_perm("rides.view_ride"):
        return
    for title, side in (("Ride", {"user": account}), *((("Served", {"partner": partner}),) if partner else ())):
        for ride in within(Ride.objects.filter(**side), staff, "request__region").order_by("-accepted_at")[:SHOWN_MAX]:
            fare = NOTHING if ride.fare_amount is None else amount_text(ride.fare_amount, ride.tariff_currency)
            yield [moment_text(ride.accepted_at), _to(ride, title), str(ride.get_status_display()), fare]


def _to(row: Any, text: str) -> Any:
    return link(change_url(type(row), row.pk), text)


def _told(body: dict[str, Any]) -> Any:
    return json_block(_without_pin(body))


def _without_pin(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: WITHHELD if name == "pin" and value else _without_pin(value) for name, value in told.items()}
    return [_without_pin(each) for each in told] if isinstance(told, list) else told
