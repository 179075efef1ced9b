"""Permissions by role and, for staff, by name.

A wrong role or a missing right is 403; another account's object is 404, which the selectors raise.
"""

from typing import Any

from django.utils.translation import gettext_noop
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Role, User
from core.errors import Forbidden

CHANGE_PARTNER = "accounts.change_partner"
VIEW_STAFF_PAGE = "accounts.view_staff_page"
NOT_PERMITTED = gettext_noop("Your account does not have the right to do this.")


def permitted(user: User, *rights: str) -> bool:
    """Whether an account is staff and has all these rights, each named `app.codename`."""
    return user.role == Role.STAFF and user.has_perms(rights)


def require(user: User, *rights: str) -> None:
    """Raise `Forbidden` unless the account is staff and has all these rights."""
    if not permitted(user, *rights):
        raise Forbidden("permission_denied", NOT_PERMITTED)


class _HasRole(BasePermission):
    roles: tuple[str, ...] = ()

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.is_authenticated and request.user.role in self.roles


class IsUser(_HasRole):
    message = "Only users may do this."
    roles = (Role.USER,)


class IsPartner(_HasRole):
    message = "Only partners may do this."
    roles = (Role.PARTNER,)


class MayChangePartners(BasePermission):
    """Staff who may decide on partners."""

    message = NOT_PERMITTED

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.user, User) and permitted(request.user, CHANGE_PARTNER)


class IsUserOrPartner(_HasRole):
    message = "Only users and partners may do this."
    roles = (Role.USER, Role.PARTNER)
