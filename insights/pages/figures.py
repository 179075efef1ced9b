"""Every figure, with the rights that it takes and how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import permitted
from insights.forecast.selectors import VIEW_FORECAST
from insights.pages import bookings, cells, foreseen, requests, work
from insights.pages.asked import Asked
from insights.pages.tables import Table
from requests_app.selectors import VIEW_REQUEST

VIEW_OFFER = "requests_app.view_offer"
VIEW_PARTNER = "accounts.view_partner"
VIEW_PAYMENT = "payments.view_payment"


class Drawing(StrEnum):
    """How a figure is drawn. The first column of lines and bars is across."""

    LINES = "lines"
    BARS = "bars"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        name: in addresses.
        title: for people.
        rights: what a member of staff needs, each of them.
        table: makes it.
        drawing: how it is drawn.
        drawn: the keys of the columns to draw; of a map, the one that colours it.
        per_kind: whether it can be of one kind of cheer.
        note: what else is to be known about it, for people.
    """

    name: str
    title: str | Promise
    rights: tuple[str, ...]
    table: Callable[[Asked], Table]
    drawing: Drawing
    drawn: tuple[str, ...]
    per_kind: bool = True
    note: str | Promise = ""


_WAITS = ("toOfferP50", "toAcceptanceP50", "toAcceptanceP90", "toArrivalP50", "toArrivalP90")
_NEWEST = _("Of the newest 20,000 requests whose place is exact.")
_EVERY = (
    Figure(
        name="today",
        title=_("The last day, and the same day of four weeks before"),
        rights=(VIEW_REQUEST,),
        table=requests.today,
        drawing=Drawing.LINES,
        drawn=("requests", "usual", "weeksAgo1"),
    ),
    Figure(
        name="funnel",
        title=_("From request to completed"),
        rights=(VIEW_REQUEST,),
        table=requests.funnel,
        drawing=Drawing.BARS,
        drawn=("requests",),
    ),
    Figure(
        name="waits",
        title=_("Waits by hour"),
        rights=(VIEW_REQUEST,),
        table=requests.waits,
        drawing=Drawing.LINES,
        drawn=_WAITS,
    ),
    Figure(
        name="waitsByCell",
        title=_("Waits on the map"),
        rights=(VIEW_REQUEST,),
        table=cells.waits_by_cell,
        drawing=Drawing.MAP,
        drawn=("acceptedP90",),
        note=_NEWEST,
    ),
    Figure(
        name="unmatched",
        title=_("Requests that nobody took, by reason"),
        rights=(VIEW_REQUEST,),
        table=requests.unmatched,
        drawing=Drawing.LINES,
        drawn=("unmatched",),
    ),
    Figure(
        name="unmatchedByCell",
        title=_("Requests that nobody took, on the map"),
        rights=(VIEW_REQUEST,),
        table=cells.unmatched_by_cell,
        drawing=Drawing.MAP,
        drawn=("share",),
        note=_NEWEST,
    ),
    Figure(
        name="supply",
        title=_("Partners at work, and requests"),
        rights=(VIEW_REQUEST, VIEW_PARTNER),
        table=work.supply_and_demand,
        drawing=Drawing.LINES,
        drawn=("requests", "available", "offered", "busy"),
    ),
    Figure(
        name="partners",
        title=_("Acceptance, and earnings an hour"),
        rights=(VIEW_OFFER, VIEW_PARTNER, VIEW_PAYMENT),
        table=work.partners,
        drawing=Drawing.LINES,
        drawn=("acceptance",),
    ),
    Figure(
        name="money",
        title=_("Money by day"),
        rights=(VIEW_PAYMENT,),
        table=bookings.money_by_day,
        drawing=Drawing.LINES,
        drawn=("revenue", "refunds", "tips", "payouts"),
    ),
    Figure(
        name="forecast",
        title=_("The forecast, and what came"),
        rights=(VIEW_REQUEST, VIEW_FORECAST),
        table=foreseen.forecast,
        drawing=Drawing.LINES,
        drawn=("expected", "came"),
        per_kind=False,
    ),
    Figure(
        name="nextHour",
        title=_("The next hour on the map"),
        rights=(VIEW_FORECAST,),
        table=foreseen.next_hour,
        drawing=Drawing.MAP,
        drawn=("expected",),
        per_kind=False,
    ),
)
FIGURES = {figure.name: figure for figure in _EVERY}


def figures_for(user: User) -> list[Figure]:
    """Return the figures that a member of staff may see."""
    return [figure for figure in _EVERY if permitted(user, *figure.rights)]
