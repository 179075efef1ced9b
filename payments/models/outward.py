"""What all rows have in common that stand for something the payment provider is to do."""

from django.db import models

from core.ids import new_id
from core.transitions import Stateful


class Outward(Stateful):
    """A call to the provider, stored before it is made.

    `key` is the idempotency key, made of business ids: however often the call is repeated, it has one effect.
    `next_step_at` is when something is to be done about the row: the first call, its repetition, or asking how it
    stands. Whoever queues it or does it moves that time on, so others keep away a while, and a process may die at any
    line.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=120, unique=True)
    reference = models.CharField(max_length=255, blank=True, db_index=True, help_text="The provider's id.")
    failure = models.CharField(max_length=100, blank=True, help_text="Why it was declined or failed.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer.")
    next_step_at = models.DateTimeField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True
