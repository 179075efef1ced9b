"""The suite `clock`: the clock of the program's machine steps by minutes, away from the database's and back."""

import asyncio
from functools import partial

from django.db.models import F

from drill.clock_system import ClockSystem
from drill.faults import Chooser, Fault, InOrder
from drill.lines import Line, zero
from drill.run import Outcome
from drill.system import System
from rides.models import Ride

STEPS = {"the clock 5 minutes ahead": "+300", "the clock 5 minutes behind": "-300", "the clock right again": "+0"}
OFFERS_WITHIN_S = 10.0
LONGEST_S = 120  # more than a bot's session takes, and less than the clock steps


async def moved(by: str, system: System) -> None:
    """Step the clock."""
    assert isinstance(system, ClockSystem)
    await asyncio.to_thread(system.move, by)


def faults() -> Chooser:
    """Each step in order, again and again."""
    return InOrder([], [Fault(text, partial(moved, by)) for text, by in STEPS.items()])


def measures(outcome: Outcome) -> list[Line]:
    """The measures of the suite: how soon offers came again after each step, and that no step was billed."""
    found = []
    for text in STEPS:
        waits = [outcome.timeline.offer_after(fault.ended) for fault in outcome.struck if fault.name == text]
        known = [wait for wait in waits if wait is not None]
        value = f"{max(known):.1f} s" if known and len(known) == len(waits) else "never"
        kept = value != "never" and max(known) <= OFFERS_WITHIN_S
        found.append(Line(f"offers again after {text}", value, f"at most {OFFERS_WITHIN_S:g} s", kept))
    ended = Ride.objects.filter(end_time__isnull=False).values_list(F("end_time") - F("start_time"), flat=True)
    stepped = sum(took.total_seconds() > LONGEST_S for took in ended)
    return [*found, zero("sessions billed with a step of the clock", stepped)]
