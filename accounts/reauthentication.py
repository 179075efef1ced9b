"""Ask again who it is, before a call changes where a partner is paid, or suspends one."""

from datetime import timedelta

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.utils.translation import gettext_noop
from knox.models import AuthToken
from rest_framework.request import Request

from core import clock
from core.errors import Forbidden


class ReauthenticationRequired(Forbidden):
    default_code = "reauthentication_required"
    default_detail = gettext_noop("Please confirm that it is you: sign in again, then repeat this.")


def require_recent_sign_in(request: Request) -> None:
    """Raise `ReauthenticationRequired` unless the caller has just shown who they are.

    A session has to be confirmed on the pages; a token has to be new.
    """
    if isinstance(request.auth, AuthToken):
        recent = request.auth.created > clock.now() - timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)
    else:
        recent = did_recently_reauthenticate(request._request)
    if not recent:
        raise ReauthenticationRequired
