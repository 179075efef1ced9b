"""Disputes with the provider: the step that submits our evidence."""

from core import clock
from payments.books.disputes import apply_dispute, evidence_taken
from payments.configuration import enabled
from payments.models import Dispute
from payments.operations import operation_key, retry_later
from payments.provider.gateway import Declined, Refused, Unreachable, gateway
from payments.states import DISPUTES_TO_ANSWER


def step_dispute(dispute_id: str) -> None:
    """Submit the evidence that waits in a dispute's row.

    The dispute is asked for first: it tells whether an earlier call whose reply was lost has had its effect.
    """
    row = Dispute.objects.filter(pk=dispute_id).first()
    if row is None or row.next_step_at is None or not row.evidence or not enabled():
        return
    now = clock.now()
    try:
        answer = gateway().dispute(row.pk)
        if answer.get("status") in DISPUTES_TO_ANSWER:
            answer = gateway().submit_evidence(operation_key("evidence", row.pk, row.tries), row.pk, row.evidence)
        apply_dispute(answer, now=clock.now())
    except Unreachable as error:
        retry_later(row, error, now)
    except (Refused, Declined) as refused:
        evidence_taken(row.pk, failure=f"refused: {refused.code}", now=now)
    else:
        taken = bool((answer.get("evidence_details") or {}).get("submission_count"))
        evidence_taken(row.pk, failure="" if taken else "the bank takes no evidence any more", now=now)
