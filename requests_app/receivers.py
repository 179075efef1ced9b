"""Signal receivers and kinds of words of this app, loaded by `ops.apps`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

import positions
from core import clock
from payments.books import holds
from positions import Report
from requests_app import hold_answers, words
from requests_app.models import RequestType
from requests_app.selectors import request_types_by_slug
from requests_app.serving.arrival import notice
from requests_app.wakeups import wake

__all__ = ["words"]


@receiver([post_save, post_delete], sender=RequestType)
def forget_request_types(**_: Any) -> None:
    """Drop the cached kinds of cheer after a change in this process."""
    request_types_by_slug.forget()


@receiver(positions.entered)
def wake_matcher(*, region: str, **_: Any) -> None:
    """Wake the region's matcher when a position report makes a partner searchable."""
    wake(region)


@receiver(positions.noticed)
def notice_partners(*, reports: Sequence[Report], **_: Any) -> None:
    """Act on reports that say that a partner has reached the place of their ride, or left it."""
    for report in reports:
        notice(report.partner_id, report.position, now=report.received_at)


@receiver(holds.answered)
def answer_hold(*, hold_id: UUID, **_: Any) -> None:
    """Apply the outcome of a hold without waiting for the sweep."""
    hold_answers.answer_hold(hold_id, now=clock.now())
