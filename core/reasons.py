"""Why a row was closed: a code, and the words of a person apart from it."""

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import CheckConstraint, Q, TextChoices


class Reason(NamedTuple):
    """A code, and what a person added in their own words."""

    code: str
    note: str = ""

    @property
    def columns(self) -> dict[str, str]:
        """The columns of a closed row."""
        return {"closed_code": self.code, "closed_note": self.note}

    def __str__(self) -> str:
        return self.note or self.code


UNSAID = Reason("")


def said(text: str, codes: Collection[str], other: str) -> Reason:
    """Return what a person gave as a reason: one of these codes, or words, which are `other`. No text is no reason."""
    return Reason(text) if not text or text in codes else Reason(other, text)


def closed_is_known(codes: type[TextChoices], name: str) -> tuple[CheckConstraint, ...]:
    """Return the constraints of the two columns: a known code or none, and no words without a code."""
    return (
        CheckConstraint(condition=Q(closed_code__in=["", *codes.values]), name=f"{name}_closed_code_known"),
        CheckConstraint(condition=Q(closed_note="") | ~Q(closed_code=""), name=f"{name}_closed_note_has_code"),
    )
