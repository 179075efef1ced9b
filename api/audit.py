"""Audit checks of stored answers."""

from datetime import datetime

from django.db.models import Q

from api.models import IdempotencyRecord
from backoffice.audit import Checks, Result, unless

CHECKS = Checks()


@CHECKS
def kept_answers_are_whole(now: datetime) -> Result:
    """A stored answer has a status: it was committed with the effect of its call."""
    return unless(IdempotencyRecord.objects.all(), Q(status__isnull=False))
