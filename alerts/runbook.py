"""The runbook's section for a rule, as text."""

import re
from functools import cache

from django.conf import settings

from alerts.rules import RUNBOOK, Rule

HEADING = re.compile(r"^## (\w+)$", re.MULTILINE)
MARKS = re.compile(r"\*\*|`|\[([^\]]*)\]\([^)]*\)")


def paragraphs_of(rule: Rule) -> list[str]:
    """Return the paragraphs of a rule's section, without marks; none if the documentation is not installed."""
    section = _sections().get(rule.name, "")
    return [" ".join(MARKS.sub(r"\1", part).split()) for part in section.split("\n\n") if part.strip()]


@cache
def _sections() -> dict[str, str]:
    try:
        text = (settings.BASE_DIR / RUNBOOK).read_text(encoding="utf-8")
    except OSError:
        return {}
    _before, *rest = HEADING.split(text)
    return dict(zip(rest[::2], rest[1::2], strict=True))
