"""The answer of an OpenID Connect provider, verified further than allauth does."""

from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponseBase

from core.lazy import lazy_module

jwt = lazy_module("jwt")
ALGORITHMS = frozenset(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"])


class OidcAdapter(OpenIDConnectOAuth2Adapter):
    """Checks the signature of each ID token, and that the provider's metadata are those of the issuer that is set.

    allauth skips the signature of a token that it has fetched itself, and takes the issuer from the metadata.
    """

    @property
    def openid_config(self) -> dict[str, Any]:
        config: dict[str, Any] = super().openid_config
        issuer = self.get_provider().app.settings["server_url"]
        if str(config.get("issuer")).rstrip("/") != issuer.rstrip("/"):
            raise OAuth2Error("The provider's metadata name another issuer.")
        return config

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            algorithm = jwt.get_unverified_header(id_token).get("alg")
        except jwt.PyJWTError as error:
            raise OAuth2Error("The ID token can't be read.") from error
        if algorithm not in ALGORITHMS:
            raise OAuth2Error("The ID token has no signature of a known kind.")
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims


def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Receive the browser that comes back from the provider."""
    adapter = OidcAdapter(request, provider_id)
    answer: HttpResponseBase
    try:
        answer = OAuth2CallbackView.adapter_view(adapter)(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    except OAuth2Error as error:  # allauth reads the metadata before it begins to catch
        answer = render_authentication_error(request, adapter.get_provider(), exception=error)
    return answer
