"""Access to pages: signed-out visitors are redirected to sign-in, and a wrong role gets the 403 page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.permissions import permitted

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class UserRequest(HttpRequest):
    """A request from a signed-in account."""

    user: User


UserPage = Callable[Concatenate[UserRequest, P], HttpResponseBase]


def page_for(
    *roles: str, form: bool = False, sensitive: bool = False, sensitive_form: bool = False, rights: tuple[str, ...] = ()
) -> Callable[[UserPage[P]], Page[P]]:
    """Decorate a view as a page for accounts of these roles; without roles, for every signed-in account.

    Args:
        form: Accept POST as well.
        rights: The rights that staff need for it.
        sensitive: Ask for the password or the second factor again, because a browser may have been left open.
        sensitive_form: Do so when the form is sent; everything may be read.
    """

    def decorate(view: UserPage[P]) -> Page[P]:
        asks = sensitive or sensitive_form
        guarded = reauthentication_required(view, allow_get=not sensitive) if asks else view

        @(require_http_methods(["GET", "HEAD", "POST"]) if form else require_safe)
        @never_cache  # the page shows one account's state at one moment
        @login_required
        @wraps(view)
        def page(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            signed_in = cast(UserRequest, request)
            if (roles and signed_in.user.role not in roles) or (rights and not permitted(signed_in.user, *rights)):
                raise PermissionDenied
            answer: HttpResponseBase = guarded(signed_in, *args, **kwargs)
            return answer

        return cast("Page[P]", page)

    return decorate
