"""Holds: amounts reserved on a card while a request is open."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.transitions import Transition
from payments.models.operation import ProviderOperation
from payments.states import HOLD_GRAPH, HoldStatus


class HoldTransition(Transition):
    subject = models.ForeignKey("payments.Hold", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Hold(ProviderOperation):
    """An authorization that covers a session: the first one at booking, further ones as the session grows longer."""

    graph = HOLD_GRAPH
    history = HoldTransition

    # By name only: the table refers to its request, but no code in this app imports that one.
    request = models.ForeignKey(
        "requests_app.CheerRequest", on_delete=models.PROTECT, related_name="holds", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="1 at the first booking, then one more each.")
    amount = models.PositiveIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    off_session = models.BooleanField(default=False)
    for_booking = models.BooleanField(default=False, help_text="The request is matched once this hold is answered.")
    status = models.CharField(max_length=16, choices=HoldStatus.choices, default=HoldStatus.PLANNED)
    card_reference = models.CharField(max_length=255)
    card_brand = models.CharField(max_length=20, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    unwanted = models.BooleanField(default=False, help_text="To be released as soon as that can be done.")
    confirm_by = models.DateTimeField(null=True, blank=True, help_text="Until when the user may confirm it.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When the card's bank lets go of it.")
    answered_at = models.DateTimeField(
        null=True, blank=True, help_text="When the booking or the session has taken note of what became of it."
    )

    class Meta:
        indexes = (models.Index(fields=["created_at"], condition=Q(answered_at__isnull=True), name="hold_unanswered"),)
        constraints = (
            models.UniqueConstraint(fields=["request", "number"], name="hold_numbered_per_request"),
            models.UniqueConstraint(
                fields=["reference"], condition=~Q(reference=""), name="hold_one_per_provider_reference"
            ),
            models.CheckConstraint(condition=Q(status__in=HoldStatus.values), name="hold_status_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_positive"),
        )

    def __str__(self) -> str:
        return f"Hold {self.number}"
