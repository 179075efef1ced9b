"""Who may open a page. The signed-out are sent to sign in; a wrong role gets the 403 page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


class UserRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


UserPage = Callable[Concatenate[UserRequest, P], HttpResponse]


def page_for(*roles: str) -> Callable[[UserPage[P]], Page[P]]:
    """A page for accounts of these roles; without any, for everybody who is signed in."""

    def decorate(view: UserPage[P]) -> Page[P]:
        @require_safe
        @never_cache  # it shows one account's state at one moment
        @login_required
        @wraps(view)
        def page(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            signed_in = cast(UserRequest, request)
            if roles and signed_in.user.role not in roles:
                raise PermissionDenied
            return view(signed_in, *args, **kwargs)

        return cast("Page[P]", page)

    return decorate
