"""The event log: the events of each recipient, in order, stored with the changes that they report."""

from django.db import models

from api.stored_json import StoredJSONField


class Stream(models.Model):
    """One recipient's counter. Its row lock orders the events of concurrent transactions without a gap."""

    recipient = models.CharField(primary_key=True, max_length=48)  # "user:<id>" or "partner:<id>"
    last_seq = models.PositiveBigIntegerField(default=0)
    acked_seq = models.PositiveBigIntegerField(default=0)
    epoch = models.BigIntegerField(default=0, db_default=0)  # of the newest event

    def __str__(self) -> str:
        return f"{self.recipient} at {self.last_seq}"


class Event(models.Model):
    """One event of one recipient. `seq` rises by one per recipient.

    A failover may lose the newest events, and their numbers are given again. `epoch` tells both apart: it is the
    server's under which the event was written (`core.sql.EPOCHS`), and 0 if that is not known.
    """

    id = models.BigAutoField(primary_key=True)
    recipient = models.CharField(max_length=48)
    seq = models.PositiveBigIntegerField()
    epoch = models.BigIntegerField(default=0, db_default=0)
    type = models.CharField(max_length=32)
    payload = StoredJSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["recipient", "seq"], name="event_seq_unique_per_recipient"),)

    def __str__(self) -> str:
        return f"{self.recipient} #{self.seq} {self.type}"


class PushSubscription(models.Model):
    """A browser that takes web pushes for a recipient."""

    recipient = models.CharField(max_length=48, db_index=True)
    digest = models.CharField(max_length=64)  # of the endpoint, which may be long
    endpoint = models.TextField()  # never shown, because anybody who knows it may try to push
    p256dh = models.CharField(max_length=96)
    auth = models.CharField(max_length=32)
    credential = models.CharField(max_length=48, blank=True, db_index=True)  # the subscription ends with it
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["digest"], name="push_subscription_one_per_browser"),)

    def __str__(self) -> str:
        return f"a browser of {self.recipient}"


class DeferredPush(models.Model):
    """A web push that is sent at `due_at` unless its event has been acknowledged, or the push withdrawn, by then."""

    recipient = models.CharField(max_length=48)
    seq = models.PositiveBigIntegerField()
    topic = models.CharField(max_length=32, db_index=True)  # what the push is about; it can be withdrawn by this
    payload = models.JSONField()
    due_at = models.DateTimeField(db_index=True)
    until = models.DateTimeField()  # not sent afterwards
    taken_by = models.JSONField(default=list, db_default=[])  # digests of the browsers whose push services have it
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["recipient", "seq"], name="deferred_push_one_per_event"),)

    def __str__(self) -> str:
        return f"{self.recipient} #{self.seq}"
