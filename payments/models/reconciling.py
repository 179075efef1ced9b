"""Comparisons with the provider: the movements of our balance, payouts to our bank, and where both sides differ."""

from django.db import models
from django.db.models import Q

from core.ids import new_id
from core.transitions import Stateful, Transition
from payments.difference_states import DIFFERENCE_GRAPH, DifferenceStatus, DifferenceSubject
from payments.models.ledger import EntryKind

PAYOUTS_ON_THEIR_WAY = ["pending", "in_transit"]  # as the provider names them


class Reconciliation(models.Model):
    """One comparison with the provider. Its movements are read from the last `mark` of any comparison on."""

    day = models.DateField(null=True, unique=True, help_text="Set for the daily one, which happens once.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty while it is under way, or if the provider could not be read."
    )
    mark = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="What the provider has moved until then has been read."
    )
    looked_at = models.PositiveIntegerField(default=0)
    repaired = models.JSONField(default=list)
    differences = models.JSONField(default=list, help_text="The differences that were open at its end, in words.")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"


class BankPayout(models.Model):
    """A payment of the provider from our balance to our bank; an automatic one knows the movements it consists of."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reference = models.CharField(max_length=255, unique=True, help_text="The provider's id.")
    amount = models.IntegerField(help_text="Minor units; negative if the bank paid a debt of the balance.")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, help_text="As the provider names it.")
    automatic = models.BooleanField(help_text="Only then the provider tells which movements it consists of.")
    arrives_on = models.DateField(null=True, blank=True)
    lines = models.PositiveIntegerField(default=0, help_text="The movements that it consists of.")
    matched_at = models.DateTimeField(
        null=True, blank=True, help_text="When its movements were found to add up to its amount."
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(
                fields=["reference"],
                condition=Q(automatic=True, matched_at__isnull=True) | Q(status__in=PAYOUTS_ON_THEIR_WAY),
                name="bank_payout_under_way",
            ),
        )

    def __str__(self) -> str:
        return self.reference


class Movement(models.Model):
    """A movement of our balance with the provider (a balance transaction), as it was read, once.

    `booked_as` and `booked_under` name the ledger's entry for it by kind and source, if there is one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reference = models.CharField(max_length=255, unique=True, help_text="The provider's id.")
    category = models.CharField(max_length=60, help_text="As the provider's reports name it.")
    amount = models.IntegerField(help_text="Minor units; negative if they leave our balance.")
    fee = models.IntegerField(help_text="Minor units that the provider keeps of us in addition.")
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=255, blank=True, help_text="The provider's id of what moved it.")
    booked_as = models.CharField(max_length=16, choices=EntryKind.choices, blank=True)
    booked_under = models.CharField(max_length=255, blank=True)
    payment = models.ForeignKey(
        "payments.Payment", null=True, blank=True, on_delete=models.PROTECT, related_name="movements"
    )
    payout = models.ForeignKey(
        BankPayout, null=True, blank=True, on_delete=models.PROTECT, related_name="movements", db_index=False
    )
    moved_at = models.DateTimeField()
    read_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["booked_under", "booked_as"], condition=~Q(booked_under=""), name="movement_of_entry"),
            models.Index(fields=["payout"], condition=Q(payout__isnull=False), name="movement_of_payout"),
        )

    def __str__(self) -> str:
        return self.reference


class DifferenceTransition(Transition):
    subject = models.ForeignKey("payments.Difference", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False


class Difference(Stateful):
    """Something in which our rows and the provider differ, until its cause has gone or somebody has dealt with it."""

    graph = DIFFERENCE_GRAPH
    history = DifferenceTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.CharField(max_length=10, choices=DifferenceSubject.choices)
    reference = models.CharField(max_length=255, help_text="The id by which it is looked at again.")
    about = models.CharField(max_length=255, help_text="The provider's id of the object, or ours of the row.")
    text = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=DifferenceStatus.choices, default=DifferenceStatus.OPEN)
    found_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["found_at"], condition=Q(status=DifferenceStatus.OPEN), name="difference_open"),
        )
        constraints = (
            models.UniqueConstraint(fields=["subject", "reference"], name="difference_once"),
            models.CheckConstraint(condition=Q(status__in=DifferenceStatus.values), name="difference_status_known"),
            models.CheckConstraint(condition=Q(subject__in=DifferenceSubject.values), name="difference_subject_known"),
        )

    def __str__(self) -> str:
        return f"{self.about}: {self.text}"
