"""The page of an account's e-mail addresses, and the page that undoes a change of the address."""

from typing import Any

from allauth.account.views import EmailView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.address_changes import pending_change, undo_address_change
from core import clock
from core.errors import Conflict, Missing

_EmailView: Any = EmailView  # untyped


class Addresses(_EmailView):
    """Allauth's page. A change commits together with what it ends, and with the notice to the old address."""

    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        with transaction.atomic():
            answer: HttpResponse | None = super()._action_primary(request, *args, **kwargs)
            return answer

    def _action_remove(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        with transaction.atomic():
            answer: HttpResponse | None = super()._action_remove(request, *args, **kwargs)
            return answer


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def undo_address(request: HttpRequest, token: str) -> HttpResponse:
    """Undo a change of an account's address, by the link in the mail to the old one.

    It takes a button, because programs that look for harm in mails open their links.
    """
    now = clock.now()
    change = pending_change(token, now=now)
    if request.method == "POST":
        try:
            undo_address_change(token, now=now)
        except Conflict:
            return render(request, "account/address_undo.html", {"taken": True}, status=409)
        except Missing:
            change = None
        else:
            return render(request, "account/address_undo.html", {"done": True})
    context = {"address": change.address if change else None}
    return render(request, "account/address_undo.html", context, status=200 if change else 404)
