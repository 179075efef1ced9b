"""Promotion codes: what they give, to whom, and how much of their budget is given."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from core.ids import new_id

CODE_MAX_CHARS = 24
SHARE_WHOLE_BPS = 10_000


class PromotionCode(models.Model):
    """A code that users turn into credit, until its budget is given or its period is over.

    `given_amount` is the credit given for it, less what of that has ended: never more than the budget.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(
        max_length=CODE_MAX_CHARS,
        unique=True,
        validators=[RegexValidator(r"^[A-Z0-9-]{4,}$", "Four capital letters, digits or hyphens at least.")],
        help_text="As users type it, in capital letters.",
    )
    active = models.BooleanField(default=True)
    amount = models.PositiveIntegerField(help_text="Minor units of credit; of a share, the most.")
    share_bps = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty, or the share of one fare that is paid: 2500 is 25%."
    )
    currency = models.CharField(max_length=3)
    region = models.ForeignKey(
        "regions.Region",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Where the credit can be spent; empty: wherever its currency is.",
    )
    first_cheer = models.BooleanField(default=False, help_text="For somebody's first cheer only.")
    per_person = models.PositiveSmallIntegerField(default=1, help_text="How often one person may use it.")
    budget_amount = models.PositiveIntegerField(help_text="Minor units that may be given.")
    given_amount = models.PositiveIntegerField(default=0, editable=False, help_text="Minor units given so far.")
    credit_days = models.PositiveSmallIntegerField(default=30, help_text="How long the credit can be spent.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(given_amount__gte=0, given_amount__lte=F("budget_amount")), name="promotion_within_budget"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, per_person__gt=0, credit_days__gt=0), name="promotion_gives_something"
            ),
            models.CheckConstraint(
                condition=Q(share_bps=None) | Q(share_bps__gt=0, share_bps__lte=SHARE_WHOLE_BPS),
                name="promotion_share_is_a_part",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="promotion_ends_after_start"
            ),
        )

    def __str__(self) -> str:
        return self.code
