"""The record of what staff do."""

from typing import Any

from django.conf import settings
from django.db import models

DIGEST_CHARS = 64  # SHA-256, in hex
KIND_MAX_CHARS = 100
SUBJECT_MAX_CHARS = 64
DETAIL_MAX_CHARS = 200
REASON_MAX_CHARS = 200
LOOKED = "looked"  # the action of opening a page about a person


class Channel(models.TextChoices):
    """The way by which staff act."""

    ADMIN = "admin", "Admin"
    API = "api", "API"


class StaffAction(models.Model):
    """One thing that a member of staff has done, written in its transaction.

    Rows are a chain: each has the digest of the one before it (`backoffice/chain.py`). Triggers refuse UPDATE and
    DELETE, except that `reason` and `salt` can be emptied when a person's account is deleted.
    """

    number = models.BigIntegerField(primary_key=True, help_text="Its place in the chain, from 1 without a gap.")
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    action = models.CharField(max_length=40, help_text="The name of a step; or add, change, delete or looked.")
    kind = models.CharField(max_length=KIND_MAX_CHARS, help_text="The model of the row that it was done to.")
    subject = models.CharField(max_length=SUBJECT_MAX_CHARS, help_text="The key of that row.")
    detail = models.CharField(
        max_length=DETAIL_MAX_CHARS, blank=True, help_text="Names of changed fields, an amount, or the row looked at."
    )
    reason = models.CharField(max_length=REASON_MAX_CHARS, blank=True)
    salt = models.CharField(max_length=DIGEST_CHARS, blank=True, help_text="Random; hashed with the reason.")
    reason_digest = models.CharField(max_length=DIGEST_CHARS, blank=True)
    address = models.CharField(
        max_length=DIGEST_CHARS, blank=True, help_text="The pseudonym of the network address, as in the security log."
    )
    call = models.CharField(max_length=64, blank=True, help_text="The id of the call, as in the logs.")
    previous = models.CharField(max_length=DIGEST_CHARS, blank=True, help_text="The digest of the row before.")
    digest = models.CharField(max_length=DIGEST_CHARS, help_text="SHA-256 over all of it but `reason` and `salt`.")

    class Meta:
        ordering = ("-number",)
        indexes = (
            models.Index(fields=["subject", "kind"], name="staff_action_subject"),
            models.Index(fields=["actor", "number"], name="staff_action_actor"),
            models.Index(
                fields=["actor", "subject", "at"], condition=models.Q(action=LOOKED), name="staff_action_looked"
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["previous"], name="staff_action_chain_never_forks"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="staff_action_counts_from_one"),
            models.CheckConstraint(condition=models.Q(channel__in=Channel.values), name="staff_action_channel_known"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.kind} {self.subject}"


# What the deletion of an account overwrites: a person's words, and what makes their digest more than a number.
FORGOTTEN: dict[str, Any] = {"reason": "", "salt": ""}
