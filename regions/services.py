"""Changes of a region's policy: each is a new version, by a person and with a reason."""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop

from core.database import refused_as
from core.errors import Conflict, Invalid
from regions.models import Region
from regions.policies import HOW_IT_MATCHES, Intake, Policy
from regions.selectors import forget_policies

CHANGED = gettext_noop("Somebody else has just changed this. Look at it again.")


def change_policy(region: Region, *, actor: AbstractBaseUser, reason: str, now: datetime, **changes: Any) -> Policy:
    """Put a new version of a region's policy in force, which differs from the present one by these columns.

    Raises: `Invalid` if a value is out of its limits; `Conflict` (`state_changed`) if another version came between.
    """
    with (
        refused_as({"policy_one_per_region_and_version": Conflict("state_changed", CHANGED)}),
        transaction.atomic(),
    ):
        Region.objects.select_for_update(no_key=True).get(pk=region.pk)
        policy = Policy.objects.filter(region=region).order_by("-version").first() or Policy(region=region, version=0)
        for name, value in changes.items():
            setattr(policy, name, value)
        policy.pk, policy._state.adding = Policy._meta.pk.get_default(), True
        policy.version, policy.author_id, policy.reason, policy.created_at = policy.version + 1, actor.pk, reason, now
        try:
            policy.full_clean()
        except ValidationError as error:
            raise Invalid("invalid", error.messages[0]) from None
        policy.save(force_insert=True)
        transaction.on_commit(forget_policies)
    return policy


def set_intake(
    region: Region, intake: Intake, message: str, *, actor: AbstractBaseUser, reason: str, now: datetime
) -> Policy:
    """Pause, drain or open a region. `message` is what users are told meanwhile. Raises as `change_policy`."""
    return change_policy(region, actor=actor, reason=reason, now=now, intake=intake, message=message)


def restore_policy(policy: Policy, *, actor: AbstractBaseUser, reason: str, now: datetime) -> Policy:
    """Match and open again as by an older version. Whether the region takes requests stays as it is."""
    old = {name: getattr(policy, name) for name in HOW_IT_MATCHES}
    return change_policy(policy.region, actor=actor, reason=reason, now=now, **old)
