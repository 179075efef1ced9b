"""Takes the turns of switchbacks.

A job wakes at the beginning of each half hour, puts the rules in force whose turn it is, and counts what became of the
requests of the last hours. `regions.selectors.policy_of` stays the only reader, so the versions, the record of each
decision and the audit tell which rules were in force. All steps are safe to take twice: a half hour has one row.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from core import clock
from core.errors import Invalid
from insights.sandbox.adopting import newest_of, said_by
from insights.sandbox.effect import is_much_worse
from insights.sandbox.jobs import SWITCHBACKS
from insights.sandbox.models import Switchback, SwitchbackSlot
from insights.sandbox.outcomes import count_slot
from insights.sandbox.states import Arm, SwitchbackEnd
from insights.sandbox.switchbacks import REASON_MAX_CHARS, end_switchback, slots_of, zone_of
from insights.sandbox.turns import Turn, turn_at
from regions.services import change_policy

COUNTED_FOR = timedelta(hours=6)  # after which nothing becomes of a request any more, or seldom
CARRY_OVER = timedelta(minutes=10)  # in which the rules from before still tell in who is free, and where


def switch_rules(switchback_id: UUID) -> None:
    """Put the rules in force whose turn it is, or end a switchback. Safe to run twice, also simultaneously."""
    with SWITCHBACKS.leased(switchback_id) as mine:
        if not mine:
            return
        now = clock.now()
        count_lately(switchback_id, now=now)
        turn = take_turn(switchback_id, now=now)
        if turn is not None:
            SWITCHBACKS.postpone(switchback_id, turn.ends)


def take_turn(switchback_id: UUID, *, now: datetime) -> Turn | None:
    """Take the turn of a moment, if it is not taken; returns it, or None if the switchback has ended."""
    with transaction.atomic():
        running = Switchback.objects.filter(pk=switchback_id, ended_at=None)
        switchback = (
            running.select_for_update(no_key=True, of=("self",)).select_related("region", "author", "trial").first()
        )
        if switchback is None:
            return None
        end = _reason_to_end(switchback, now)
        if end is not None:
            end_switchback(switchback, end, actor=switchback.author, reason=switchback.reason, now=now)
            return None
        turn = turn_at(max(now, switchback.begins_at), zone_of(switchback.region), seed=switchback.seed)
        if switchback.slots.filter(starts_at=turn.begins).exists():
            return turn
        try:
            _put(switchback, turn, now)
        except Invalid:  # the policy says by now what the rules that are tried do not go together with
            end_switchback(switchback, SwitchbackEnd.CHANGED, actor=switchback.author, reason="", now=now)
            return None
        return turn


def count_lately(switchback_id: UUID, *, now: datetime) -> None:
    """Count the requests of the half hours of the last hours again."""
    lately = SwitchbackSlot.objects.filter(switchback=switchback_id, ends_at__gt=now - COUNTED_FOR)
    for slot in lately.select_related("switchback"):
        count_slot(slot)


def _reason_to_end(switchback: Switchback, now: datetime) -> SwitchbackEnd | None:
    last = switchback.slots.select_related("policy").order_by("-starts_at").first()
    if last is not None and said_by(newest_of(switchback.region_id)) != said_by(last.policy):
        return SwitchbackEnd.CHANGED  # by staff, who have the last word
    if now >= switchback.ends_at:
        return SwitchbackEnd.OVER
    return SwitchbackEnd.GUARD if is_much_worse(slots_of(switchback)) else None


def _put(switchback: Switchback, turn: Turn, now: datetime) -> None:
    """Put the rules of a turn in force, unless they are."""
    last = switchback.slots.order_by("-starts_at").first()
    if last is None:  # what is in force now is from before, and not what was when it was asked for
        said = said_by(newest_of(switchback.region_id))
        switchback.before = {name: said[name] for name in switchback.before}
        switchback.save(update_fields=["before"])
    if last is not None and last.arm == turn.arm:
        policy_id = last.policy_id
        since = max(turn.begins, last.since)
    else:
        values = switchback.trial.changes if turn.arm == Arm.TRIED else switchback.before
        reason = f"Switchback: {str(turn.arm.label).lower()}. {switchback.reason}"[:REASON_MAX_CHARS]
        policy_id = change_policy(switchback.region, actor=switchback.author, reason=reason, now=now, **values).pk
        since = now + CARRY_OVER
    SwitchbackSlot.objects.create(
        switchback=switchback,
        day=turn.day,
        number=turn.number,
        starts_at=turn.begins,
        ends_at=turn.ends,
        arm=turn.arm,
        policy_id=policy_id,
        since=since,
    )
