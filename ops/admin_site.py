"""Callbacks for Unfold, named in `settings.UNFOLD`: the sidebar with its badges, and the front page."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from accounts.models import Partner, User
from accounts.states import Application
from backoffice.regional import reached
from core import clock
from failures.models import FailedDelivery
from failures.states import Kind
from ops.live.counts import live_counts, total
from ops.live.seeing import slugs_seen_by
from payments.models import Payment
from payments.states import UNPAID
from requests_app.models import CheerRequest
from requests_app.states import RequestStatus

Item = dict[str, Any]
BADGE_MAX = 999  # a larger number tells staff no more, and is expensive to count

# The lists of rows that wait for staff, each with its filter.
WAITING: dict[str, tuple[str, dict[str, str]]] = {
    "Dead letters": ("requests_app_cheerrequest", {"status__exact": RequestStatus.NO_MATCH.value}),
    "Applications": ("accounts_partner", {"application__exact": Application.APPLIED.value}),
    "Unpaid": ("payments_payment", {"status__in": ",".join(status.value for status in UNPAID)}),
    "Failed deliveries": ("failures_faileddelivery", {}),
}
COUNTED = {"Dead letters": "deadLetters", "Applications": "applications", "Unpaid": "unpaid"}  # on the front page
# The lists beside that of dead letters: title and filter.
DELIVERIES: dict[str, dict[str, str]] = {
    "Failed deliveries": {},
    "Mails": {"kind__exact": Kind.MAIL.value},
    "Pushes": {"kind__exact": Kind.PUSH.value},
    "Alert notices": {"kind__exact": Kind.NOTICE.value},
    "Operations": {"kind__exact": Kind.OPERATION.value},
    "Tasks": {"kind__exact": Kind.TASK.value},
}
# All other lists: title, icon (of Material Symbols) and list.
SECTIONS: dict[str, list[tuple[str, str, str]]] = {
    "Dispatch": [
        ("Requests", "campaign", "requests_app_cheerrequest"),
        ("Planned", "event", "requests_app_scheduledrequest"),
        ("Offers", "local_offer", "requests_app_offer"),
        ("Rides", "directions_run", "rides_ride"),
        ("Partners", "celebration", "accounts_partner"),
        ("Alerts", "notification_important", "alerts_alert"),
    ],
    "Money": [
        ("Payments", "payments", "payments_payment"),
        ("Attempts", "credit_card", "payments_attempt"),
        ("Holds", "lock_clock", "payments_hold"),
        ("Disputes", "gavel", "payments_dispute"),
        ("Ledger", "account_balance", "payments_entry"),
        ("Books", "menu_book", "payments_period"),
        ("Manual entries", "edit_note", "payments_manualentry"),
        ("Credits", "redeem", "payments_credit"),
        ("Promotion codes", "sell", "payments_promotioncode"),
        ("Referrals", "group_add", "payments_referral"),
        ("Payouts", "outbound", "payments_transfer"),
        ("Held payouts", "front_hand", "payments_payouthold"),
        ("Reconciliations", "balance", "payments_reconciliation"),
        ("Differences", "rule", "payments_difference"),
        ("Movements", "swap_horiz", "payments_movement"),
        ("Payouts to the bank", "account_balance_wallet", "payments_bankpayout"),
        ("Flags", "flag", "risk_flag"),
        ("Traces", "fingerprint", "risk_trace"),
    ],
    "Set-up": [
        ("Regions", "map", "regions_region"),
        ("Policies", "tune", "regions_policy"),
        ("Trials", "science", "insights_trial"),
        ("Shadows", "visibility", "insights_shadow"),
        ("Switchbacks", "swap_horiz", "insights_switchback"),
        ("Kinds of cheer", "category", "requests_app_requesttype"),
    ],
    "Accounts": [
        ("Users", "group", "accounts_user"),
        ("Saved places", "home_pin", "requests_app_savedplace"),
        ("Shared links", "share", "requests_app_sharelink"),
        ("Groups", "shield_person", "auth_group"),
        ("Tokens", "key", "knox_authtoken"),
        ("Second factors", "lock", "mfa_authenticator"),
        ("E-mail addresses", "mail", "account_emailaddress"),
        ("Known addresses", "location_on", "accounts_knownaddress"),
        ("Address changes", "undo", "accounts_addresschange"),
        ("Mails", "outgoing_mail", "accounts_deferredmail"),
        ("Notification settings", "notifications", "accounts_notificationsettings"),
    ],
    "Logs": [
        ("Staff actions", "history", "backoffice_staffaction"),
        ("Admin's log", "edit_document", "admin_logentry"),
        ("Events", "notifications", "notifications_event"),
        ("Streams", "stream", "notifications_stream"),
        ("Provider events", "webhook", "payments_providerevent"),
        ("Kept answers", "replay", "api_idempotencyrecord"),
    ],
}


def no_inline_colours(request: HttpRequest) -> dict[str, Any]:
    """Give Unfold no colours to write into pages, because the content security policy allows no inline style."""
    return {}


def stylesheet(request: HttpRequest) -> str:
    """The stylesheet with the colours."""
    return static("css/admin.css")


def script(request: HttpRequest) -> str:
    """The script that names what Unfold leaves unnamed."""
    return static("js/admin/names.js")


def _list(name: str, query: Mapping[str, str]) -> str:
    url = reverse(f"admin:{name}_changelist")
    return f"{url}?{urlencode(query)}" if query else url


def _may_see(request: HttpRequest, name: str) -> bool:
    app, _, model = name.rpartition("_")
    return bool(admin.site.get_model_admin(apps.get_model(app, model)).has_view_permission(request))


def _is_shown(request: HttpRequest, name: str, query: Mapping[str, str]) -> bool:
    """Whether a link leads to the present page. A list's plain link does not if one of its filtered links does."""
    if not request.path.startswith(_list(name, {})):
        return False
    asked = {
        key: value for key, value in request.GET.items() if key in {"status__exact", "status__in", "application__exact"}
    }
    return (
        asked == query
        if query
        else not any(asked == other and other and name == where for where, other in WAITING.values())
    )


def _items(request: HttpRequest, *items: tuple[str, str, str]) -> list[Item]:
    """Links to those lists `(title, icon, list)` that this account may see."""
    return [
        {"title": title, "icon": icon, "link": _list(name, {}), "active": _is_shown(request, name, {})}
        for title, icon, name in items
        if _may_see(request, name)
    ]


def _waiting(request: HttpRequest, title: str, icon: str, rows: QuerySet[Any]) -> list[Item]:
    """A link to rows that wait for staff, with the number of those within reach."""
    name, query = WAITING[title]
    if not _may_see(request, name):
        return []
    rows = reached(rows, request)
    item = {"title": title, "icon": icon, "link": _list(name, query), "active": _is_shown(request, name, query)}
    return [item | ({"badge": count} if (count := _count(rows)) else {})]


def _count(rows: QuerySet[Any]) -> str:
    """The number of rows, for a badge; an empty string for zero, so that no badge shows."""
    count = rows.order_by()[: BADGE_MAX + 1].count()
    return f"{BADGE_MAX}+" if count > BADGE_MAX else str(count or "")


def navigation(request: HttpRequest) -> list[Item]:
    """The sidebar: first the rows that wait for staff, then all lists."""
    return [
        {
            "title": "Waiting for you",
            "items": [
                *_waiting(
                    request, "Dead letters", "unsubscribe", CheerRequest.objects.filter(status=RequestStatus.NO_MATCH)
                ),
                *_waiting(
                    request, "Applications", "how_to_reg", Partner.objects.filter(application=Application.APPLIED)
                ),
                *_waiting(request, "Unpaid", "money_off", Payment.objects.filter(status__in=UNPAID)),
                *_waiting(
                    request, "Failed deliveries", "sms_failed", FailedDelivery.objects.filter(closed_at__isnull=True)
                ),
            ],
        },
        *(
            {"title": title, "separator": True, "collapsible": title == "Logs", "items": _items(request, *items)}
            for title, items in SECTIONS.items()
        ),
    ]


def tabs(request: HttpRequest) -> list[Item]:
    """Tabs over the list of dead letters and over that of failed deliveries, which lead from one to the other."""
    letters, deliveries = WAITING["Dead letters"], WAITING["Failed deliveries"][0]
    here = request.path == _list(deliveries, {})
    if not here and not (request.path == _list(letters[0], {}) and _asks_for_letters(request)):
        return []
    kind = {name: value for name, value in request.GET.items() if name == "kind__exact"}
    items = (
        [{"title": "Requests", "link": _list(*letters), "active": not here}] if _may_see(request, letters[0]) else []
    )
    if _may_see(request, deliveries):
        items += [
            {"title": title, "link": _list(deliveries, query), "active": here and query == kind}
            for title, query in DELIVERIES.items()
        ]
    return [{"models": ["requests_app.cheerrequest", "failures.faileddelivery"], "items": items}]


def _asks_for_letters(request: HttpRequest) -> bool:
    _, query = WAITING["Dead letters"]
    return "letters" in request.GET or query.items() <= request.GET.dict().items()


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the front page's figures of the regions that an account may see, if it may see requests."""
    if _may_see(request, "requests_app_cheerrequest"):
        context["figures"] = _figures(total(live_counts(clock.now()), slugs_seen_by(cast(User, request.user))))
    return context


def _figures(counts: Mapping[str, Any]) -> list[dict[str, Any]]:
    requests, partners, rides = counts["requests"], counts["partners"], counts["rides"]
    waiting = [(title, counts[key]) for title, key in COUNTED.items()]
    oldest = counts["oldestPendingS"]
    return [
        {"title": "Looking for a partner", "value": requests.get("pending", 0) + requests.get("offered", 0)}
        | {"note": f"the oldest for {oldest} s" if oldest is not None else "nobody waits"}
        | {"link": _list("requests_app_cheerrequest", {"status__in": "pending,offered"})},
        {"title": "Rides under way", "value": sum(rides.values()), "note": f"{rides.get('in_progress', 0)} cheering"}
        | {"link": _list("rides_ride", {"status__in": "en_route,in_progress"})},
        {"title": "Partners at work", "value": sum(partners.values()), "note": f"{partners.get('available', 0)} free"}
        | {"link": _list("accounts_partner", {"status__in": "available,offered,busy"})},
        {"title": "Completed", "value": counts["completedLastDay"], "note": "in 24 hours"}
        | {"link": _list("rides_ride", {"status__exact": "completed"})},
        *(
            {"title": title, "value": value, "note": "to look at"} | {"link": _list(*WAITING[title])}
            for title, value in waiting
        ),
    ]
