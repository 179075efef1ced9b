"""Closes the sockets of accounts whose rights have changed: a socket looks at them only when it opens."""

from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.signals import m2m_changed, pre_delete, pre_save

from accounts.models import User
from notifications.events import close_sockets

COME_AGAIN = 1013  # clients connect anew, and are refused if the right is gone
CHANGED = ("post_add", "post_remove", "post_clear")
OF_ACCOUNTS = frozenset(["every_region", "is_staff", "is_superuser", "role"])  # columns from which rights follow


def _accounts_changed(*, instance: Any, action: str, pk_set: set[Any] | None, **_: object) -> None:
    """Close the sockets of an account whose own rights or regions change, or of those that a group changes for."""
    if action == "pre_clear" and isinstance(instance, Group):
        _close(_members(instance))  # afterwards nobody knows whom it had
    elif action in CHANGED:
        _close({instance.pk} if isinstance(instance, User) else pk_set or set())


def _group_changed(*, instance: Any, action: str, **_: object) -> None:
    """Close the sockets of the accounts in a group."""
    if action in CHANGED and isinstance(instance, Group):
        _close(_members(instance))


def _group_deleted(*, instance: Group, **_: object) -> None:
    """Close the sockets of the accounts in a group that is being deleted."""
    _close(_members(instance))


def _account_changed(*, instance: User, update_fields: Any, **_: object) -> None:
    """Close the sockets of an account that is about to be staff or a superuser, or no more, or to see other regions."""
    if instance._state.adding or OF_ACCOUNTS.isdisjoint(update_fields or OF_ACCOUNTS):
        return
    before = User.objects.filter(pk=instance.pk).values(*OF_ACCOUNTS).first()
    if before is not None and any(value != getattr(instance, name) for name, value in before.items()):
        _close({instance.pk})


def _members(group: Group) -> set[Any]:
    return set(User.objects.filter(groups=group).values_list("pk", flat=True))


def _close(accounts: set[Any]) -> None:
    def close() -> None:
        for account in accounts:
            close_sockets(code=COME_AGAIN, user=str(account))

    transaction.on_commit(close)


for _through in (User.groups.through, User.user_permissions.through, User.regions.through):
    m2m_changed.connect(_accounts_changed, sender=_through, dispatch_uid="rights_changed")
m2m_changed.connect(_group_changed, sender=Group.permissions.through, dispatch_uid="rights_changed")
pre_delete.connect(_group_deleted, sender=Group, dispatch_uid="rights_changed")
pre_save.connect(_account_changed, sender=User, dispatch_uid="rights_changed")
