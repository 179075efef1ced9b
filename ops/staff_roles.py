"""The usual roles of staff, as groups of rights (docs/staff.md)."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from accounts.permissions import CHANGE_PARTNER, VIEW_STAFF_PAGE

CHANGE_FAILURE = "failures.change_faileddelivery"
_LOOKING = (
    VIEW_STAFF_PAGE,
    "accounts.view_partner",
    "alerts.view_alert",
    "failures.view_faileddelivery",
    "insights.view_forecast",
    "insights.view_shadow",
    "insights.view_switchback",
    "insights.view_trial",
    "regions.view_policy",
    "regions.view_region",
    "requests_app.view_cheerrequest",
    "requests_app.view_offer",
    "requests_app.view_requesttype",
    "requests_app.view_scheduledrequest",
    "rides.view_ride",
)
# A step on a page needs the right to change its rows.
_WORKING: dict[str, tuple[str, ...]] = {
    "Viewer": _LOOKING,
    "Dispatcher": (
        *_LOOKING,
        CHANGE_PARTNER,
        "alerts.change_alert",
        CHANGE_FAILURE,
        "regions.pause_region",
        "requests_app.change_cheerrequest",
    ),
    "Finance": (
        *_LOOKING,
        CHANGE_FAILURE,
        "payments.add_manualentry",
        "payments.approve_manualentry",
        "payments.add_promotioncode",
        "payments.change_credit",
        "payments.close_period",
        "payments.change_difference",
        "payments.change_dispute",
        "payments.change_payment",
        "payments.change_promotioncode",
        "payments.view_attempt",
        "payments.view_bankpayout",
        "payments.view_customer",
        "payments.view_difference",
        "payments.view_entry",
        "payments.view_hold",
        "payments.view_manualentry",
        "payments.view_movement",
        "payments.view_payment",
        "payments.view_payoutaccount",
        "payments.view_period",
        "payments.view_periodtotal",
        "payments.view_providerevent",
        "payments.view_reconciliation",
        "payments.view_referral",
        "payments.view_refund",
        "payments.view_reversal",
        "payments.view_transfer",
        "payments.view_dispute",
        "payments.release_payout",
        "payments.view_payouthold",
        "rides.view_message",
        "risk.review_flag",
        "risk.view_flag",
        "risk.view_trace",
    ),
    "Support": (
        *_LOOKING,
        "accounts.change_user",
        CHANGE_FAILURE,
        "accounts.view_notificationsettings",
        "accounts.view_user",
        "account.view_emailaddress",
        "knox.change_authtoken",
        "mfa.view_authenticator",
        "payments.view_credit",
        "payments.view_payment",
        "payments.view_referral",
        "rides.view_message",
    ),
}
_RUNNING = (
    "admin.view_logentry",
    "backoffice.view_staffaction",
    "insights.add_trial",
    "notifications.view_event",
    "notifications.view_stream",
    "regions.add_policy",
    "regions.change_region",
    "regions.view_terms",
    "requests_app.add_requesttype",
    "requests_app.change_requesttype",
    "requests_app.view_sharelink",
)
# The rights of every other role, and those to run a city. Accounts of staff stay those of superusers.
ROLES = {
    **_WORKING,
    "Admin": tuple(dict.fromkeys([*(right for each in _WORKING.values() for right in each), *_RUNNING])),
}


def seed_roles() -> None:
    """Create the groups that do not exist yet; the rights of the others stay as superusers have set them."""
    for name, rights in ROLES.items():
        with transaction.atomic():
            group, created = Group.objects.get_or_create(name=name)
            if created:
                group.permissions.set(_permissions(rights))


def _permissions(rights: tuple[str, ...]) -> list[Permission]:
    """Return the rows of these rights. Raises `LookupError` if one does not exist."""
    wanted = Q()
    for right in rights:
        app, _, codename = right.partition(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    found = list(Permission.objects.filter(wanted))
    if len(found) != len(rights):
        raise LookupError("A right of a role does not exist; migrate first.")
    return found
