"""The event log: what each recipient is told, in order, written in the transaction that made it true."""

from django.db import models


class Stream(models.Model):
    """One recipient's counter. Its row lock orders the events of concurrent transactions without a gap."""

    recipient = models.CharField(primary_key=True, max_length=48)  # "user:<id>" or "partner:<id>"
    last_seq = models.PositiveBigIntegerField(default=0)
    acked_seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.recipient} at {self.last_seq}"


class Event(models.Model):
    """One event of one recipient. `seq` rises by one per recipient."""

    id = models.BigAutoField(primary_key=True)
    recipient = models.CharField(max_length=48)
    seq = models.PositiveBigIntegerField()
    type = models.CharField(max_length=32)
    payload = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["recipient", "seq"], name="event_seq_unique_per_recipient"),)

    def __str__(self) -> str:
        return f"{self.recipient} #{self.seq} {self.type}"
