"""Evidence that a session took place, for the bank in a dispute."""

from payments.models import Customer, Payment
from rides.models import Ride


def evidence_of(payment: Payment) -> list[tuple[str, str]]:
    """Named facts about the ride behind a payment: its times, its PIN and where its partner was."""
    ride = Ride.objects.select_related("partner").get(pk=payment.ride_id)
    facts = []
    card = Customer.objects.filter(user=payment.user_id).first()
    if card is not None and card.set_up_at is not None:
        facts.append(("Agreed to these charges", f"{card.set_up_at.isoformat()}, by saving the card under our terms"))
    facts.append(("Accepted", f"{ride.accepted_at.isoformat()} by {ride.partner.name}"))
    if ride.arrived_at is not None:
        facts.append(("Arrived", ride.arrived_at.isoformat()))
    if ride.start_time is not None:
        shown = "after the user had told the partner the PIN" if ride.needs_pin else "without a PIN"
        facts.append(("Started", f"{ride.start_time.isoformat()}, {shown}"))
    if ride.start_lat is not None and ride.start_lng is not None:
        facts.append(("The partner was then at", f"{ride.start_lat:.5f}, {ride.start_lng:.5f}"))
    if ride.end_time is not None:
        facts.append(
            (
                "Ended",
                f"{ride.end_time.isoformat()} after {ride.elapsed(ride.end_time)}, by {ride.get_ended_by_display()}",
            )
        )
    if ride.cancelled_at is not None:
        facts.append(("Cancelled", ride.cancelled_at.isoformat()))
    facts += [("Step", f"{step.at.isoformat()} {step} {step.reason}".rstrip()) for step in ride.transitions.all()]
    facts += [("Seen or said", f"{sign.at.isoformat()} {sign}") for sign in ride.signs.all()]
    return facts
