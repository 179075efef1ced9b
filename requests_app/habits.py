"""How a partner answers offers: their last answers, kept in their row, and what follows from turning most down."""

from datetime import datetime

from django.conf import settings

from accounts.models import Partner
from accounts.partners import ACCEPTED, TURNED_DOWN, far_above_usual, turned_down
from risk.flags import raise_flag
from risk.states import FlagKind


def answered(partner: Partner, answer: str, *, now: datetime) -> str:
    """Return a locked partner's last answers with one more. The caller writes them.

    The answer that makes them too many raises a flag.
    """
    return _changed(partner, partner.answers + answer, now=now)


def called_off(partner: Partner, *, now: datetime) -> str:
    """As `answered`, for a ride that its partner calls off: its offer counts as turned down after all."""
    return _changed(partner, partner.answers.removesuffix(ACCEPTED) + TURNED_DOWN, now=now)


def _changed(partner: Partner, answers: str, *, now: datetime) -> str:
    answers = answers[-settings.DECLINES_OF_LAST :]
    if far_above_usual(answers) and not far_above_usual(partner.answers):
        raise_flag(
            FlagKind.DECLINES_FAR_ABOVE_USUAL,
            now=now,
            account_id=partner.user_id,
            figure=round(100 * turned_down(answers), 1),
            limit=round(100 * settings.DECLINES_SHARE, 1),
            evidence={"answers": len(answers)},
        )
    return answers
