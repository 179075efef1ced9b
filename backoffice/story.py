"""The story of a row: what happened to it, in order, on its page in the admin and beside the map of the staff page."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from backoffice.columns import NOTHING, label_of, moment_text
from backoffice.models import StaffAction

HEADERS = ["When", "What", "More", "Who"]


class Line(NamedTuple):
    """One thing that happened, at a moment."""

    at: datetime
    what: str | SafeString
    more: str | SafeString = ""
    who: Any = None  # an account


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Return lines, of which those of each kind are the newest first, with the oldest first."""
    ordered = list(lines)
    ordered.reverse()  # some of it is of the same moment
    ordered.sort(key=lambda line: line.at)
    return ordered


def table_of(lines: Iterable[Line]) -> dict[str, Any]:
    """Return a story as a table of Unfold."""
    rows = [
        [moment_text(each.at), each.what, each.more or NOTHING, label_of(each.who) if each.who else NOTHING]
        for each in in_order(lines)
    ]
    return {"headers": HEADERS, "rows": rows}


def by_staff(row: Model, most: int) -> Iterator[Line]:
    """The newest steps that staff have taken with a row."""
    theirs = StaffAction.objects.filter(kind=row._meta.label_lower, subject=str(row.pk)).select_related("actor")
    for action in theirs.order_by("-number")[:most]:
        more = "; ".join(part for part in (action.detail, action.reason) if part)
        yield Line(action.at, f"Staff: {action.action.replace('_', ' ')}", more, action.actor)


class WithStory:
    """Shows the story of a row below its fields."""

    change_form_after_template: ClassVar[str] = "admin/story.html"

    def story(self, row: Any, viewer: Any) -> Iterable[Line]:
        """Return the lines that the viewer may see, those of each kind with the newest first."""
        raise NotImplementedError

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """Add the story."""
        if obj is not None:
            context["story"] = table_of(self.story(obj, request.user))
        page: HttpResponse = super().render_change_form(request, context, *args, obj=obj, **kwargs)  # type: ignore[misc]
        return page
