"""Credits: amounts that users can spend on cheers before their cards are charged."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.ids import new_id
from payments.states import CreditKind

LEFT = Q(left__gt=0)


class Credit(models.Model):
    """An amount given to one user, of which `left` can be spent until it expires, in one currency.

    An attempt of the kind `credit` takes a part of it; a refund of that attempt puts the part back. What is not spent
    when the credit expires, or is taken back by staff, is `ended`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="credits", db_index=False)
    kind = models.CharField(max_length=10, choices=CreditKind.choices)
    amount = models.PositiveIntegerField(help_text="Minor units given.")
    left = models.PositiveIntegerField(help_text="Minor units that can be spent.")
    ended = models.PositiveIntegerField(default=0, help_text="Minor units that expired or were taken back.")
    currency = models.CharField(max_length=3)
    region = models.ForeignKey(
        "regions.Region",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Where it can be spent; empty: wherever its currency is.",
    )
    # By name only: the table refers to a ride, but no code in this app imports that one.
    ride = models.ForeignKey(
        "rides.Ride",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The cheer that it makes up for.",
    )
    code = models.ForeignKey(
        "payments.PromotionCode",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credits",
        db_index=False,  # `credit_counts_uses_of_code` begins with it
    )
    referral = models.ForeignKey(
        "payments.Referral",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credits",
        db_index=False,  # `credit_once_for_a_referral` begins with it
    )
    use_number = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Counts one user's uses of a code.")
    share_bps = models.PositiveIntegerField(null=True, blank=True, help_text="The share of one fare that it pays.")
    first_cheer = models.BooleanField(
        default=False, db_default=False, help_text="It pays for its user's first cheer only."
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why staff gave it; its user is shown it.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["user", "-created_at"], name="credit_user"),
            models.Index(fields=["user"], condition=LEFT, name="credit_to_spend"),
            models.Index(fields=["expires_at"], condition=LEFT, name="credit_to_expire"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=CreditKind.values), name="credit_kind_known"),
            models.UniqueConstraint(fields=["code", "user", "use_number"], name="credit_counts_uses_of_code"),
            models.UniqueConstraint(
                fields=["user"], condition=Q(first_cheer=True), name="credit_first_cheer_once_per_user"
            ),
            models.UniqueConstraint(fields=["referral", "user"], name="credit_once_for_a_referral"),
            models.CheckConstraint(
                condition=Q(kind=CreditKind.REFERRAL) ^ Q(referral=None), name="credit_referral_has_referral"
            ),
            models.CheckConstraint(
                condition=Q(kind=CreditKind.PROMOTION, code__isnull=False, use_number__isnull=False)
                | (~Q(kind=CreditKind.PROMOTION) & Q(code__isnull=True, use_number__isnull=True)),
                name="credit_promotion_has_code",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, left__gte=0, ended__gte=0, left__lte=F("amount") - F("ended")),
                name="credit_spent_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"

    @property
    def share(self) -> Decimal | None:
        """The share of one fare that it pays, in percent."""
        return None if self.share_bps is None else Decimal(self.share_bps) / 100
