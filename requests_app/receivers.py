"""What requests do when something else happens. Loaded by `ops.apps`."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from requests_app.models import RequestType
from requests_app.selectors import request_types_by_slug


@receiver([post_save, post_delete], sender=RequestType)
def forget_request_types(**_: Any) -> None:
    """Read the kinds of cheer afresh after a change in this process."""
    request_types_by_slug.forget()
