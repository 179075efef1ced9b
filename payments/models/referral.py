"""Referrals: the codes with which users invite friends, and the newcomers who have entered one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from payments.models.promotion import CODE_MAX_CHARS
from payments.states import ReferralEnd, ReferralStatus


class ReferralCode(models.Model):
    """A user's own code, made when they first ask for it."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.PROTECT, related_name="referral_code"
    )
    code = models.CharField(max_length=CODE_MAX_CHARS, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """A newcomer who has entered a friend's code. Both are given credit some time after the newcomer's first cheer.

    `payment` is the first fare that the newcomer has paid, and `due_at` when the credit is due for it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    newcomer = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="referral")
    referrer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="referrals")
    status = models.CharField(max_length=8, choices=ReferralStatus.choices, default=ReferralStatus.WAITING)
    why = models.CharField(
        max_length=12, choices=ReferralEnd.choices, blank=True, default="", help_text="Why nothing was given."
    )
    payment = models.OneToOneField(
        "payments.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="referral"
    )
    due_at = models.DateTimeField(null=True, blank=True, help_text="When the credit is due; empty before and after.")
    created_at = models.DateTimeField(help_text="When the code was entered.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When the credit was given, or refused for good.")

    class Meta:
        indexes = (
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="referral_due"),
            models.Index(fields=["-created_at"], name="referral_created"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(referrer=F("newcomer")), name="referral_of_somebody_else"),
            models.CheckConstraint(condition=Q(status__in=ReferralStatus.values), name="referral_status_known"),
            models.CheckConstraint(condition=Q(why__in=["", *ReferralEnd.values]), name="referral_end_known"),
            models.CheckConstraint(
                condition=Q(status=ReferralStatus.WAITING, ended_at=None, why="")
                | (Q(ended_at__isnull=False, payment__isnull=False, due_at=None) & ~Q(status=ReferralStatus.WAITING)),
                name="referral_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(status=ReferralStatus.VOID) ^ Q(why=""), name="referral_void_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(due_at=None) | Q(payment__isnull=False), name="referral_due_for_a_payment"
            ),
        )

    def __str__(self) -> str:
        return f"Referral {self.id}"
