"""Accounts in the admin, with what their own pages show them."""

from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.admin.users import UserAdmin
from accounts.models import User
from core import clock
from requests_app.admin.seen import seen_by


@admin.register(User)
class DispatchUserAdmin(UserAdmin):
    """Accounts: how they sign in, their rights, and what they see."""

    change_form_after_template = "admin/account_seen.html"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Add what the account's own pages show it."""
        if obj is not None:
            context["seen"] = seen_by(obj, cast(User, request.user), now=clock.now())
        page: HttpResponse = super().render_change_form(request, context, *args, obj=obj, **kwargs)
        return page
