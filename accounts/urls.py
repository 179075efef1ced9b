"""The addresses of allauth's account pages. Those of third parties are there only if a provider is configured."""

from allauth.account.decorators import reauthentication_required
from allauth.account.views import password_set
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from accounts.oidc import callback

urlpatterns: list[URLPattern | URLResolver] = [
    # Before allauth's own at the same address, where a stolen session could choose the first password.
    path("password/set/", reauthentication_required(password_set), name="account_set_password"),
    path("", include("allauth.account.urls")),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
third_party: list[URLPattern | URLResolver] = [
    path("3rdparty/", include("allauth.socialaccount.urls")),
    path("oidc/<str:provider_id>/login/callback/", callback),  # before allauth's own at the same address
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
]
if settings.OIDC_IS_ON:
    urlpatterns += third_party
