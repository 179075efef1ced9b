"""Signal receivers of regions, loaded by `ops.apps`."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from regions.models import Region
from regions.policies import Policy
from regions.selectors import forget_policies, forget_regions


@receiver([post_save, post_delete], sender=Region)
def forget_what_was_read(**_: Any) -> None:
    """Drop the cached regions after a change in this process."""
    forget_regions()


@receiver([post_save, post_delete], sender=Policy)
def forget_policies_read(**_: Any) -> None:
    """Drop the cached policies after a change in this process."""
    forget_policies()
