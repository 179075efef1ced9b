"""Files with an account's data, made in the background."""

from django.conf import settings
from django.db import models

from core.ids import new_id


class DataExport(models.Model):
    """An account's file with its data: being made while `due_at` is set, then ready or failed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When it is to be made; empty afterwards.")
    tries = models.PositiveSmallIntegerField(default=0)
    making = models.UUIDField(null=True, help_text="Whose parts the file has: those of the try that was finished.")
    ready_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, db_index=True, help_text="Deleted then.")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(due_at__isnull=False, ready_at=None, failed_at=None, expires_at=None)
                | models.Q(due_at=None, ready_at__isnull=False, failed_at=None, expires_at__isnull=False)
                | models.Q(due_at=None, ready_at=None, failed_at__isnull=False, expires_at__isnull=False),
                name="data_export_due_ready_or_failed",
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def state(self) -> str:
        """For the page: making, ready or failed."""
        return "making" if self.due_at else "ready" if self.ready_at else "failed"


class DataExportPart(models.Model):
    """A stretch of a file, compressed. Each try to make the file writes parts of its own."""

    export = models.ForeignKey(DataExport, on_delete=models.CASCADE, related_name="parts", db_index=False)
    making = models.UUIDField()
    number = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["export", "making", "number"], name="data_export_part_once"),)

    def __str__(self) -> str:
        return f"{self.export_id} #{self.number}"
