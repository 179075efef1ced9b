"""Permissions by role. A wrong role is 403; another account's object is 404, which the selectors raise."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Role


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


class IsStaff(_HasRole):
    message = "Only staff may do this."
    roles = (Role.STAFF,)
