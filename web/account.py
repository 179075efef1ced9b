"""Account pages beside those of allauth: overview, profile, notifications, devices, data export and deletion."""

from contextlib import suppress

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.devices import devices_of, sign_out_device, sign_out_other_devices
from accounts.forms import DeleteAccountForm, NotificationSettingsForm, ProfileForm
from accounts.models import Role
from accounts.selectors import notification_settings_of
from core import clock
from core.errors import Conflict, Missing
from core.security_log import record
from web.access import UserRequest, page_for
from web.language import remember_language
from web.models import DataExport
from web.privacy.deletion import delete_account, obstacles
from web.privacy.making import body_of, ready_export, request_export

# The reason shown for each obstacle to a deletion.
OBSTACLES = {
    "request_open": lambda: _("A cheer that you have asked for is still open. Cancel it, or see it through."),
    "ride_active": lambda: _("Somebody is cheering for you, or on the way. That has to be over first."),
    "partner_at_work": lambda: _("You have an offer or a cheer in hand. Finish that first."),
    "payment_open": lambda: _("A payment is still open. Once it is paid, you can go."),
}


@page_for()
def overview(request: UserRequest) -> HttpResponse:
    """Show a summary of the account."""
    user = request.user
    context = {
        "verified": EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists(),
        "second_factor": is_mfa_enabled(user),
        "devices": len(devices_of(user, session_key=request.session.session_key)),
    }
    return render(request, "account/overview.html", context)


@page_for(form=True)
def profile(request: UserRequest) -> HttpResponse:
    """Edit name and language."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        with translation.override(user.language or translation.get_language()):
            messages.success(request, _("Saved."))
        return remember_language(redirect("account-profile"), user.language)
    return render(request, "account/profile.html", {"form": form})


@page_for(form=True)
def notifications(request: UserRequest) -> HttpResponse:
    """Edit which notifications are sent while none of our pages is open."""
    held = notification_settings_of(request.user)
    sent = request.POST if request.method == "POST" else None
    form = NotificationSettingsForm(sent, instance=held, role=request.user.role)
    if sent is not None and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("account-notifications")
    return render(request, "account/notifications.html", {"form": form})


@page_for(form=True, sensitive_form=True)
def devices(request: UserRequest) -> HttpResponse:
    """List the devices on which the account is signed in, and sign out on them."""
    key = request.session.session_key
    if request.method == "POST":
        if "others" in request.POST:
            count = sign_out_other_devices(request.user, session_key=key)
            messages.success(
                request, ngettext("Signed out on %(n)d device.", "Signed out on %(n)d devices.", count) % {"n": count}
            )
        else:
            with suppress(Missing):  # the button was pressed twice, and the device is signed out already
                sign_out_device(request.user, kind=request.POST.get("kind", ""), key=request.POST.get("key", ""))
            messages.success(request, _("Signed out there."))
        return redirect("account-devices")
    return render(request, "account/devices.html", {"devices": devices_of(request.user, session_key=key)})


@page_for(form=True, sensitive_form=True)
def data(request: UserRequest) -> HttpResponse:
    """Offer a file with the account's data, which is made in the background, and the deletion of the account."""
    if request.method == "POST":
        with suppress(Conflict):  # the button was pressed twice, and the page shows the file that there is
            request_export(request.user, now=clock.now())
        return redirect("account-data")
    context = {
        "is_staff": request.user.role == Role.STAFF,
        "export": DataExport.objects.filter(user=request.user).first(),
    }
    return render(request, "account/data.html", context)


@page_for(sensitive=True)
def export_data(request: UserRequest) -> HttpResponseBase:
    """Download everything we hold about the account, as a JSON file that was made before."""
    export = ready_export(request.user, now=clock.now())
    if export is None:
        return redirect("account-data")
    answer = StreamingHttpResponse(body_of(export), content_type="application/json")
    record("export", "ok", request=request)
    answer["Content-Disposition"] = f'attachment; filename="speedycheers-{export.ready_at:%Y-%m-%d}.json"'
    return answer


@page_for(Role.USER, Role.PARTNER, form=True, sensitive=True)
def delete(request: UserRequest) -> HttpResponse:
    """Delete the account, or list the obstacles."""
    form = DeleteAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            delete_account(request.user, now=clock.now())
        except Conflict:
            return redirect("account-delete")  # the page lists what is open
        return _farewell(request)
    reasons = [OBSTACLES[code]() for code in obstacles(request.user)]
    return render(request, "account/delete.html", {"form": form, "obstacles": reasons})


def _farewell(request: HttpRequest) -> HttpResponse:
    logout(request)
    return render(request, "account/deleted.html")
