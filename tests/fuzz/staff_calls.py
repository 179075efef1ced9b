"""Calls of staff that succeed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from payments.models import Attempt, Payment
from requests_app.records import DeadLetter
from requests_app.serving import availability
from tests import cast
from tests.fuzz.world import World
from tests.settling import settle_in_cash


@dataclass(frozen=True)
class Good:
    """A call that succeeds."""

    who: User | None
    body: dict[str, Any] = field(default_factory=dict)
    id: object = ""  # the one in the path
    signed: bool = False


def free(world: World) -> str:
    """The id of a partner who has just come online."""
    availability.go_online(cast.fresh(world.idle), now=timezone.now())
    return str(world.idle.pk)


def letter_step(step: str, **said: Any) -> dict[str, Callable[[World], Good]]:
    """A step with a dead letter, with one and with many. A callable makes the value that it stands for."""

    def body(world: World) -> dict[str, Any]:
        return {name: value(world) if callable(value) else value for name, value in said.items()}

    return {
        f"staffApi/deadLetter/<uuid:request_id>/{step}": lambda w: Good(w.staff, body(w), owned(w, step).pk),
        f"staffApi/deadLetter/{step}": lambda w: Good(w.staff, {"requestIds": [str(owned(w, step).pk)], **body(w)}),
    }


def staff_step(thing: str, step: str, row: Callable[[World], Any], **said: Any) -> dict[str, Callable[[World], Good]]:
    """A step with a partner or a payment, with one and with many."""
    return {
        f"staffApi/{thing}/<uuid:{thing}_id>/{step}": lambda w: Good(w.staff, said, row(w).pk),
        f"staffApi/{thing}/{step}": lambda w: Good(w.staff, {f"{thing}Ids": [str(row(w).pk)], **said}),
    }


def fare(world: World, **changes: Any) -> Payment:
    """The payment of the completed ride."""
    payment = Payment.objects.get(ride=world.completed)
    Payment.objects.filter(pk=payment.pk).update(**changes)
    return payment


def paid(world: World) -> Payment:
    """The same, taken in cash."""
    payment = fare(world)
    if payment.status != "paid":
        settle_in_cash(payment, actor=world.staff, now=timezone.now())
    return payment


def owned(world: World, step: str) -> Any:
    """The dead letter, with an owner if it is to be given back."""
    if step == "giveBack":
        DeadLetter.objects.get_or_create(
            request=world.letter, defaults={"owner": world.staff, "taken_at": timezone.now()}
        )
    return world.letter


def waiting(world: World) -> Payment:
    """The same, with an attempt that waits for its time."""
    payment, now = fare(world), timezone.now()
    if not payment.attempts.exists():
        with transaction.atomic():
            attempt = Attempt(
                payment=payment, kind="charge", number=1, amount=payment.amount, key=str(payment.pk), created_at=now
            )
            attempt.create(actor=None, at=now)
            attempt.move("scheduled", actor=None, at=now)
            Payment.objects.filter(pk=payment.pk).update(collecting_amount=payment.amount)
    return payment


def failure_step(step: str) -> dict[str, Callable[[World], Good]]:
    """A step with a failed delivery, with one and with many."""
    path, said = "staffApi/failedDelivery", {"reason": "Told on the phone"}
    return {
        f"{path}/<uuid:failed_delivery_id>/{step}": lambda w: Good(w.staff, said, w.failure.pk),
        f"{path}/{step}": lambda w: Good(w.staff, {"failedDeliveryIds": [str(w.failure.pk)], **said}),
    }


STAFF_GOOD: dict[str, Callable[[World], Good]] = {
    **letter_step("takeCare"),
    **letter_step("giveBack", reason="My shift is over"),
    **letter_step("note", note="Rang twice"),
    **letter_step("requeue", reason="They wait"),
    **letter_step("widen", radiusM=20_000, patienceS=1800, reason="Snow"),
    **letter_step("direct", partnerId=free, reason="Agreed"),
    **letter_step("assign", partnerId=free, reason="Agreed"),
    **letter_step("cancel", reason="They left"),
    **failure_step("retry"),
    **failure_step("close"),
    **staff_step("partner", "approve", lambda w: w.applicant, reason="fine"),
    **staff_step("partner", "reject", lambda w: w.applicant, reason="no"),
    **staff_step("partner", "suspend", lambda w: w.idle, reason="late"),
    **staff_step("partner", "release", lambda w: w.offered, reason="stuck"),
    **staff_step("payment", "settle", fare, amount=300, reason="Cash"),
    **staff_step("payment", "collect", lambda w: fare(w, frozen=True), reason="It took place"),
    **staff_step("payment", "withdraw", waiting, reason="They pay in cash"),
    **staff_step("payment", "refund", paid, amount=300, reason="Came late"),
    **staff_step("payment", "giveCredit", fare, amount=300, reason="Came late"),
}
