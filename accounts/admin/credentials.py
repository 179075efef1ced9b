"""Tokens, tickets, addresses and second factors in the admin. Some can be revoked; none can be created."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db import transaction
from knox.models import AuthToken
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.enums import ActionVariant

from accounts.admin.revocation import require_rank
from accounts.models import AddressChange, DeferredMail, KnownAddress, NotificationSettings, SocketTicket, User
from accounts.notices import StaffStep, tell_of_staff_step
from accounts.sign_out import credentials_changed, log_out
from accounts.words import BY_MAIL
from backoffice.base import ReadOnlyAdmin
from backoffice.columns import badge, moment, related, shown
from backoffice.growing import Growing
from backoffice.regional import OfPeople
from backoffice.steps import Step
from core.errors import Conflict
from notifications.words import WordKind

KEY_SHOWN_CHARS = 8
REMOVE_SECOND_FACTOR = "accounts.remove_second_factor"

# The default pages would let staff read or write secrets; social sign-in is not used yet.
for model in (AuthToken, EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


def _revoke(token: AuthToken, actor: User, reason: str, now: datetime) -> None:
    require_rank(actor, token.user)
    if not AuthToken.objects.filter(pk=token.pk).exists():
        raise Conflict("already_revoked", "This token is gone already.")
    log_out(token)


def _remove(factor: Authenticator, actor: User, reason: str, now: datetime) -> None:
    require_rank(actor, factor.user)
    with transaction.atomic():
        if not Authenticator.objects.filter(pk=factor.pk).delete()[0]:
            raise Conflict("already_removed", "This second factor is gone already.")
        credentials_changed(factor.user)
        tell_of_staff_step(StaffStep.FACTOR_REMOVED, factor.user, now=now)


def _named(row: Any) -> str:
    return f"{row._meta.verbose_name} of {row.user}"


REVOKE = Step(
    "revoke",
    "Revoke",
    _revoke,
    "The app that holds this token must sign in again, and its sockets close.",
    icon="key_off",
    variant=ActionVariant.DANGER,
    named=_named,
)
REMOVE = Step(
    "remove",
    "Remove",
    _remove,
    "For somebody who has lost their device: they sign in without this factor. Make sure that it is them.",
    icon="lock_reset",
    variant=ActionVariant.DANGER,
    asks_reason=True,
    named=_named,
    sensitive=True,
)


@admin.register(AuthToken)
class AuthTokenAdmin(Growing, ReadOnlyAdmin):
    """Tokens of apps. Only their hashes are stored."""

    reach = OfPeople("user")
    steps = (REVOKE,)
    owner = related("user", "Account", named=True)
    issued = moment("created", "Issued")
    expires = moment("expiry", "Expires")

    @shown("Token", ordering="token_key")
    def key(self, row: Any) -> str:
        return f"{row.token_key[:KEY_SHOWN_CHARS]}…"

    list_display = ("key", "owner", "issued", "expires")
    list_select_related = ("user",)
    search_fields = ("user",)
    search_ids = ("user_id",)
    fields = list_display
    readonly_fields = list_display


@admin.register(SocketTicket)
class SocketTicketAdmin(ReadOnlyAdmin):
    """Tickets that have not been redeemed."""

    reach = OfPeople("user")
    owner = related("user", "Account", named=True)
    expires = moment("expires_at", "Expires")

    list_display = ("expires", "owner")
    list_select_related = ("user",)
    search_fields = ("user",)
    search_ids = ("user_id",)
    ordering = ("-expires_at",)
    fields = list_display
    readonly_fields = list_display


@admin.register(NotificationSettings)
class NotificationSettingsAdmin(Growing, ReadOnlyAdmin):
    """Notification settings. Only accounts that have changed a default are listed."""

    reach = OfPeople("user")
    owner = related("user", "Account", named=True)

    list_display = ("owner", "email_receipts")
    list_select_related = ("user",)
    search_fields = ("user",)
    search_ids = ("user_id",)
    fields = (*list_display, *(f"push_{kind}" for kind in WordKind), *(f"email_{kind}" for kind in BY_MAIL))
    readonly_fields = fields


@admin.register(DeferredMail)
class DeferredMailAdmin(Growing, ReadOnlyAdmin):
    """Mails that wait to be sent, and those of the last days."""

    reach = OfPeople("user")
    owner = related("user", "Account", named=True)
    created = moment("created_at", "Written")
    due = moment("due_at", "Due")
    sent = moment("sent_at", "Sent")

    list_display = ("kind", "owner", "created", "due", "tries", "sent")
    list_select_related = ("user",)
    search_fields = ("kind", "user")
    search_ids = ("user_id",)
    came_at = "created_at"
    fields = list_display
    readonly_fields = list_display


@admin.register(KnownAddress)
class KnownAddressAdmin(Growing, ReadOnlyAdmin):
    """Network addresses, as digests, from which accounts have signed in."""

    reach = OfPeople("user")
    owner = related("user", "Account", named=True)
    used = moment("last_used_at", "Last used")

    list_display = ("owner", "used")
    list_select_related = ("user",)
    search_fields = ("user",)
    search_ids = ("user_id",)
    along = came_at = "last_used_at"
    ordering = ("-last_used_at",)
    fields = list_display
    readonly_fields = list_display


@admin.register(AddressChange)
class AddressChangeAdmin(Growing, ReadOnlyAdmin):
    """Changes of addresses that the old address can still undo."""

    reach = OfPeople("user")
    owner = related("user", "Account", named=True)
    changed = moment("created_at", "Changed")
    expires = moment("expires_at", "Undone until")
    undone = moment("undone_at", "Undone")

    list_display = ("address", "owner", "changed", "expires", "undone")
    list_select_related = ("user",)
    search_fields = ("address", "user")
    search_ids = ("user_id",)
    came_at = "created_at"
    fields = list_display
    readonly_fields = list_display


@admin.register(EmailAddress)
class EmailAddressAdmin(Growing, ReadOnlyAdmin):
    """E-mail addresses, and whether they are verified."""

    reach = OfPeople("user")
    owner = related("user", "Account", named=True)

    list_display = ("email", "owner", "verified", "primary")
    list_filter = (
        ("verified", BooleanRadioFilter),
        ("primary", BooleanRadioFilter),
    )
    list_select_related = ("user",)
    search_fields = ("email", "user")
    search_ids = ("user_id",)
    fields = list_display
    readonly_fields = list_display


@admin.register(UserSession)
class UserSessionAdmin(Growing, ReadOnlyAdmin):
    """Sessions of browsers, without their keys."""

    reach = OfPeople("user")
    owner = related("user", "Account", named=True)
    created = moment("created_at", "Signed in")
    seen = moment("last_seen_at", "Last seen")

    list_display = ("owner", "created", "seen", "ip", "user_agent")
    list_select_related = ("user",)
    search_fields = ("user", "ip")
    search_ids = ("user_id",)
    came_at = "created_at"
    fields = list_display
    readonly_fields = list_display


@admin.register(Authenticator)
class AuthenticatorAdmin(Growing, ReadOnlyAdmin):
    """Second factors, without their secrets. Removing one takes a right of its own: it may open an account."""

    reach = OfPeople("user")
    act_right = REMOVE_SECOND_FACTOR
    steps = (REMOVE,)
    owner = related("user", "Account", named=True)
    kind = badge("type", "Kind", {})
    created = moment("created_at", "Set up")
    used = moment("last_used_at", "Last used")

    list_display = ("kind", "owner", "created", "used")
    list_filter = (("type", ChoicesDropdownFilter),)
    list_select_related = ("user",)
    search_fields = ("user",)
    search_ids = ("user_id",)
    came_at = "created_at"
    fields = list_display
    readonly_fields = list_display
