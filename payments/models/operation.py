"""The common columns of all rows that stand for something the payment provider is to do."""

from django.db import models

from core.ids import new_id
from core.transitions import Stateful


class ProviderOperation(Stateful):
    """A call to the payment provider, stored before it is made.

    `key` is the idempotency key, made of business ids: however often the call is repeated, it has one effect. The
    provider refuses a key with other parameters, so `parameters` keeps those of the first call across releases.
    `next_step_at` says when the next step is due: the first call, a repetition, or a question how things stand. A
    worker claims the row by moving that moment ahead (core/jobs.py), so a process may die at any line.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=120, unique=True)
    parameters = models.JSONField(
        null=True, blank=True, editable=False, help_text="What the first call with this key sent; repetitions send it."
    )
    reference = models.CharField(max_length=255, blank=True, db_index=True, help_text="The provider's id.")
    failure = models.CharField(max_length=100, blank=True, help_text="Why it was declined or failed.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer.")
    next_step_at = models.DateTimeField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True
