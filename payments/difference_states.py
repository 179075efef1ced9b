"""The states of differences between our books and the provider's."""

from django.db import models

from core.transitions import Graph


class DifferenceSubject(models.TextChoices):
    """The things in which we and the provider may differ, each looked at again in its own way."""

    MOVEMENT = "movement", "A movement of our balance"
    ENTRY = "entry", "An entry of the ledger"
    INTENT = "intent", "A charge or hold under way"
    DISPUTE = "dispute", "A dispute"
    PAYOUT = "payout", "A payout to our bank"
    LIST = "list", "A list that could not be read"


class DifferenceStatus(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


DIFFERENCE_GRAPH = Graph(
    DifferenceStatus,
    initial=DifferenceStatus.OPEN,
    edges={
        DifferenceStatus.OPEN: [DifferenceStatus.CLOSED],
        # It has come back, or has become another.
        DifferenceStatus.CLOSED: [DifferenceStatus.OPEN],
    },
)
