"""The kinds of failed deliveries, and their outcomes."""

from django.db.models import TextChoices


class Kind(TextChoices):
    """The thing that was to be delivered."""

    MAIL = "mail", "Mail"
    PUSH = "push", "Push"
    NOTICE = "notice", "Alert notice"
    OPERATION = "operation", "Operation"  # something that the payment provider, or a worker, is to do
    TASK = "task", "Task"


class FailureStatus(TextChoices):
    """The outcome so far."""

    FAILING = "failing", "Failing"  # and tried again
    GIVEN_UP = "given_up", "Given up"  # and waits for staff
    RECOVERED = "recovered", "Recovered"  # the last try did not fail, or there is nothing left to try
    CLOSED = "closed", "Closed"  # by staff


OPEN = (FailureStatus.FAILING, FailureStatus.GIVEN_UP)
