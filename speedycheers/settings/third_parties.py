"""Sign-in with an OpenID Connect provider. Without these settings there are no addresses and no buttons for it."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import DEBUG, INSTALLED_APPS, env
from speedycheers.settings.pages import CONTENT_SECURITY_POLICY

OIDC_SERVER_URL: str = env.str("OIDC_SERVER_URL", default="").rstrip("/")  # the issuer
OIDC_CLIENT_ID: str = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET: str = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_NAME: str = env.str("OIDC_NAME", default="OpenID")  # on the button
OIDC_IS_ON = bool(OIDC_SERVER_URL)
if OIDC_IS_ON and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("With OIDC_SERVER_URL, set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.")
if OIDC_IS_ON and not DEBUG and urlsplit(OIDC_SERVER_URL).scheme != "https":
    raise ImproperlyConfigured("OIDC_SERVER_URL must begin with https://.")


def oidc_providers(server_url: str, client_id: str, client_secret: str, name: str) -> dict[str, Any]:
    """Return the setting that allauth reads."""
    app = {"provider_id": "oidc", "name": name, "client_id": client_id, "secret": client_secret}
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [{**app, "settings": {"server_url": server_url}}]}}


SOCIALACCOUNT_ADAPTER = "accounts.third_party.ThirdPartyAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # a known address alone opens no account
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if OIDC_IS_ON:
    INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")
    SOCIALACCOUNT_PROVIDERS = oidc_providers(OIDC_SERVER_URL, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_NAME)
    # The browser follows the button's form to the provider. Its sign-in page may have another origin than its issuer.
    CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] += env.list(
        "OIDC_ORIGINS", default=["{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER_URL))]
    )
