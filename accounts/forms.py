"""Forms of the account pages."""

from typing import Any

from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import NotificationSettings, Role, User
from accounts.sign_in import second_factor_attempt
from accounts.words import BY_MAIL
from api.addresses import address_of, network_of
from api.attempts import Attempt
from core.texts import check_name, composed
from notifications.words import WordKind

_ModelForm: Any = forms.ModelForm  # generic only to the type checker


class SignupForm(AllauthSignupForm):
    """Sign up with a name, an e-mail address and a password."""

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        required=False,
        validators=[check_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "email", "password1")

    def clean(self) -> dict[str, Any]:
        """Count the attempt, together with those at `POST /signup`. Raises `TooManyAttempts`."""
        Attempt([("signup", network_of(address_of(context.request)))]).require()
        cleaned: dict[str, Any] = super().clean()
        return cleaned

    def try_save(self, request: HttpRequest) -> Any:
        """Hash the password for a taken address as well, so that the time does not tell which addresses are taken."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)

    def save(self, request: HttpRequest) -> Any:
        user = super().save(request)
        user.name = composed(self.cleaned_data["name"])
        user.save(update_fields=["name"])
        return user


class ResetPasswordForm(AllauthResetPasswordForm):
    """Mails the link for a new password to confirmed addresses, and to the address that an account goes by."""

    users: list[User]

    def clean_email(self) -> str:
        """Leave out accounts that have put down the address without confirming it: it may be somebody else's."""
        email: str = super().clean_email()
        own = {user.pk for user in self.users if user.email.lower() == email.lower()}
        verified = EmailAddress.objects.filter(email__iexact=email, verified=True, user__in=self.users)
        allowed = own | set(verified.values_list("user_id", flat=True))
        self.users = [user for user in self.users if user.pk in allowed]
        return email


class SecondFactorForm(AuthenticateForm):
    """Asks for a second factor's code, within the limit that the API has as well."""

    def clean_code(self) -> str:
        """Raises `TooManyAttempts`."""
        with second_factor_attempt(self.user):
            code: str = super().clean_code()
        return code


class SecondFactorAgainForm(ReauthenticateForm):
    """Asks for the code again before a sensitive page."""

    def clean_code(self) -> str:
        """Raises `TooManyAttempts`."""
        with second_factor_attempt(self.user):
            code: str = super().clean_code()
        return code


class ProfileForm(_ModelForm):
    """The name and language of an account."""

    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("Same as my browser")), *settings.LANGUAGES],
        help_text=_("For these pages and the emails that we send you."),
    )

    class Meta:
        model = User
        fields = ("name", "language")
        labels = {"name": _("Name")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}


class NotificationSettingsForm(_ModelForm):
    """The notification settings of an account; those of words are for users.

    Whether a device is told at all is set by a button on that device.
    """

    class Meta:
        model = NotificationSettings
        fields = (
            *(f"push_{kind}" for kind in WordKind),
            *(f"email_{kind}" for kind in BY_MAIL),
            "email_receipts",
        )

    def __init__(self, *args: Any, role: str, **options: Any) -> None:
        super().__init__(*args, **options)
        if role != Role.USER:
            for name in [name for name in self.fields if name != "email_receipts"]:
                del self.fields[name]

    def on_devices(self) -> list[Any]:
        """The settings of words on the user's devices."""
        return [field for field in self if field.name.startswith("push_")]

    def by_mail(self) -> list[Any]:
        """The settings of e-mails."""
        return [field for field in self if field.name.startswith("email_")]


class DeleteAccountForm(forms.Form):
    """Confirms that an account is to be deleted."""

    understood = forms.BooleanField(label=_("I understand that this can't be undone."))
