"""Deliveries that have failed: of mails, pushes, notices, operations and tasks."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.ids import new_id
from failures.states import OPEN, FailureStatus, Kind

ERROR_MAX_CHARS = 100
ABOUT_MAX_CHARS = 64
ROW_ID_MAX_CHARS = 80
_OPEN = Q(closed_at__isnull=True)


class FailedDelivery(models.Model):
    """Failures in a row of one job, from the first one until it recovers, or staff close it.

    The job's own row says what is to be done and when (core/jobs.py); this one says what went wrong. It has no text of
    an error, no address and no token.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    job = models.CharField(max_length=16, help_text="A name in failures/jobs.py.")
    row_id = models.CharField(max_length=ROW_ID_MAX_CHARS, help_text="The key of the job's row; of a task, its call.")
    about = models.CharField(max_length=ABOUT_MAX_CHARS, blank=True, help_text="Such as the kind of a mail.")
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The person it is for.",
    )
    region = models.ForeignKey(
        "regions.Region", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    status = models.CharField(max_length=10, choices=FailureStatus.choices, default=FailureStatus.FAILING)
    tries = models.PositiveIntegerField(help_text="Failures in a row.")
    error = models.CharField(max_length=ERROR_MAX_CHARS, help_text="The last one, as a code.")
    first_failed_at = models.DateTimeField()
    last_failed_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True, help_text="When it is tried again, unless staff hasten it.")
    given_up_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="When it recovered, or staff closed it.")

    class Meta:
        verbose_name_plural = "failed deliveries"
        indexes = (
            models.Index(fields=["id"], condition=_OPEN, name="failure_open"),
            models.Index(fields=["kind", "id"], condition=_OPEN, name="failure_kind"),
            models.Index(fields=["status", "id"], condition=_OPEN, name="failure_status"),
            models.Index(fields=["kind", "status", "id"], condition=_OPEN, name="failure_kind_and_status"),
            models.Index(fields=["region", "id"], condition=_OPEN, name="failure_region"),
            # Not of open rows, for which the database would else take it, and sort them.
            models.Index(fields=["closed_at"], condition=Q(closed_at__isnull=False), name="failure_closed"),
            models.Index(fields=["given_up_at"], condition=Q(given_up_at__isnull=False), name="failure_given_up"),
        )
        constraints = (
            models.UniqueConstraint(fields=["job", "row_id"], condition=_OPEN, name="failure_one_open_per_row"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="failure_kind_known"),
            models.CheckConstraint(condition=Q(status__in=FailureStatus.values), name="failure_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, closed_at__isnull=True)
                | (~Q(status__in=OPEN) & Q(closed_at__isnull=False)),
                name="failure_closed_has_time",
            ),
            models.CheckConstraint(
                condition=Q(status=FailureStatus.FAILING, next_try_at__isnull=False)
                | (~Q(status=FailureStatus.FAILING) & Q(next_try_at__isnull=True)),
                name="failure_tried_again_while_failing",
            ),
            models.CheckConstraint(
                condition=~Q(status=FailureStatus.GIVEN_UP) | Q(given_up_at__isnull=False),
                name="failure_given_up_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.job} {self.about}".strip()
