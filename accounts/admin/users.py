"""Accounts in the admin. `requests_app.admin` registers them, which knows what their pages show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldBooleanSwitchWidget

from accounts.admin.revocation import activate, deactivate, may_manage, require_rank
from accounts.deferred_mails import mail_later
from accounts.models import Partner, Role, User
from accounts.notices import StaffStep, tell_of_staff_step
from accounts.sign_out import credentials_changed
from backoffice.base import Recorded, StaffAdmin, SuperuserOnly
from backoffice.columns import NOTHING, badge, change_url, link, list_link, moment, shown
from backoffice.growing import Growing
from backoffice.regional import InNoRegion, OfPeople
from backoffice.steps import AsksAgain, Step
from core import clock
from core.errors import Conflict

_DjangoUserAdmin: Any = DjangoUserAdmin  # generic only to the type checker, like GroupAdmin
_ModelForm: Any = forms.ModelForm

ROLE_COLOURS = {Role.PARTNER: "info", Role.STAFF: "primary"}
OWN_LISTS = [
    ("requests_app_cheerrequest", "Requests"),
    ("rides_ride", "Rides"),
    ("payments_payment", "Payments"),
    ("knox_authtoken", "Tokens"),
]


def _deactivate(user: User, actor: User, reason: str, now: datetime) -> None:
    deactivate(user, actor=actor, now=now)


def _activate(user: User, actor: User, reason: str, now: datetime) -> None:
    activate(user, actor=actor)


def _revoke(user: User, actor: User, reason: str, now: datetime) -> str:
    require_rank(actor, user)
    with transaction.atomic():
        count = credentials_changed(user)
        tell_of_staff_step(StaffStep.SIGNED_OUT, user, now=now)
    return f"{count} tokens revoked, all sessions ended, and all sockets closed."


def _send_link(user: User, actor: User, reason: str, now: datetime) -> str:
    require_rank(actor, user)
    if not user.is_active:
        raise Conflict("inactive", "This account is deactivated; activate it first.")
    with transaction.atomic():
        mail_later("password_reset", user, about=f"{user.pk} {now:%Y-%m-%dT%H:%M}", now=now)
    return f"A link to choose a password is on its way to {user.email}."


SEND_LINK = Step(
    "send_link",
    "Send a password link",
    _send_link,
    "They get a mail with a link to choose a new password. Once they do, everything that they are signed in with ends.",
    fits=lambda user: user.is_active,
    icon="mail_lock",
)
DEACTIVATE = Step(
    "deactivate",
    "Deactivate",
    _deactivate,
    "They can't sign in any more, and everything that they are signed in with ends. A partner goes offline.",
    fits=lambda user: user.is_active,
    icon="person_off",
    variant=ActionVariant.DANGER,
    asks_reason=True,
    sensitive=True,
)
ACTIVATE = Step(
    "activate",
    "Activate",
    _activate,
    "They can sign in again.",
    fits=lambda user: not user.is_active,
    icon="person_check",
)
REVOKE = Step(
    "revoke",
    "Sign out everywhere",
    _revoke,
    "Every app and browser of theirs must sign in again, and all their sockets close.",
    icon="key_off",
    variant=ActionVariant.WARNING,
    sensitive=True,
)


class NewUserForm(_ModelForm):
    """A new account, whose person chooses the password. Users become partners by applying, never here."""

    staff = forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget, help_text="May use the admin, and request nothing."
    )

    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError("An account with this e-mail address exists.")
        return email

    def save(self, commit: bool = True) -> Any:
        self.instance.set_unusable_password()
        return super().save(commit)


class AccountForm(_ModelForm):
    """An account, and the regions of a member of staff."""

    def clean(self) -> dict[str, Any]:
        """Refuse a choice of regions that would have no effect."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("every_region") and values.get("regions"):
            self.add_error("regions", "Choose no regions for somebody who sees every region.")
        return values


class UserAdmin(AsksAgain, Growing, _DjangoUserAdmin, StaffAdmin):
    """Accounts: how they sign in, and their rights."""

    reach = OfPeople("pk")
    form = AccountForm
    add_form = NewUserForm
    steps = (SEND_LINK, DEACTIVATE, ACTIVATE, REVOKE)

    role_badge = badge("role", "Role", ROLE_COLOURS)
    created = moment("created_at", "Signed up")
    seen = moment("last_login", "Last sign-in")

    @shown("Partner")
    def partner_link(self, row: User) -> str | SafeString:
        pk = Partner.objects.filter(user=row).values_list("pk", flat=True).first()
        return link(change_url(Partner, pk), "Partner page") if pk else NOTHING

    @shown("Password")
    def has_password(self, row: User) -> str:
        return "chosen" if row.has_usable_password() else NOTHING

    @shown("Lists")
    def own_lists(self, row: User) -> SafeString:
        return format_html_join(" · ", "{}", ((list_link(name, text, q=row.pk),) for name, text in OWN_LISTS))

    list_display = ("email", "name", "role_badge", "is_active", "created", "seen")
    list_filter = (
        ("role", ChoicesDropdownFilter),
        ("is_active", BooleanRadioFilter),
        ("is_superuser", BooleanRadioFilter),
    )
    came_at = "created_at"
    carried: ClassVar[Mapping[str, str]] = {"role": "", "is_superuser": ""}
    search_fields = ("email__istartswith", "name__istartswith", "email", "name")
    search_ids = ("pk", "partner__pk")
    filter_horizontal = ("groups", "regions")
    readonly_fields = (
        "email",
        "role_badge",
        "is_active",
        "is_staff",
        "created",
        "seen",
        "partner_link",
        "has_password",
        "own_lists",
    )
    fieldsets = (
        (None, {"fields": (("email", "name"), ("role_badge", "is_active"), ("created", "seen"))}),
        ("Theirs", {"fields": ("own_lists", ("partner_link", "has_password"))}),
    )
    staff_fieldset = ("Rights", {"fields": ("is_staff", "is_superuser", "groups", "every_region", "regions")})
    add_fieldsets = ((None, {"fields": ("email", "name")}),)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return (
                (*self.add_fieldsets, ("Rights", {"fields": ("staff",)}))
                if _is_superuser(request)
                else self.add_fieldsets
            )
        return (*self.fieldsets, self.staff_fieldset) if obj.role == Role.STAFF else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only superusers may change rights, but not their own superuser status."""
        if obj is None:
            return ()
        own = obj.pk == request.user.pk
        return (
            *self.readonly_fields,
            *(() if _is_superuser(request) and not own else ("is_superuser",)),
            *(() if _is_superuser(request) else ("groups", "every_region", "regions")),
        )

    def asks_again(self, request: HttpRequest, object_id: str | None) -> bool:
        """Whether rights are changed: those of an account of staff, or of one that is to be."""
        if object_id is None:
            return "staff" in request.POST
        account = self.get_object(request, unquote(object_id))
        return account is not None and account.role == Role.STAFF

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return bool(allowed and (obj is None or (isinstance(request.user, User) and may_manage(request.user, obj))))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False  # accounts are deactivated instead: rides and payments refer to them

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change and form.cleaned_data.get("staff") and _is_superuser(request):
            obj.role, obj.is_staff = Role.STAFF, True
            obj.every_region = False  # until a superuser says which ones
        super().save_model(request, obj, form, change)
        if not change:
            mail_later("password_reset", obj, about=obj.pk, now=clock.now())

    def get_urls(self) -> Any:
        """Return the pages, without the one on which staff could choose a password for somebody else."""
        return [url for url in super().get_urls() if url.name != "auth_user_password_change"]


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(AsksAgain, SuperuserOnly, Recorded, DjangoGroupAdmin, ModelAdmin):
    """Named sets of rights for staff."""

    reach = InNoRegion("Rights are no region's.")
