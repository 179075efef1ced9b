"""A receipt as a PDF, with the lines of the page and the JSON, in the active language."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_text
from django.utils.translation import gettext as _

from api.files import FONT, fpdf
from api.files import latin as _latin
from core.amounts import increment, money
from payments.states import UNPAID
from rides.models import Ride
from rides.receipts import Document

if TYPE_CHECKING:
    from fpdf import FPDF

LINE_MM = 8


def receipt_pdf(ride: Ride, receipt: Mapping[str, Any]) -> bytes:
    """A page with the lines of a `rides.receipts.receipt`. Times are in the region's time zone."""
    zone = ZoneInfo(ride.request.region.time_zone)
    page: FPDF = fpdf.FPDF(format="A4")
    name = str(Document(receipt["document"]).label)
    page.set_title(f"{name} {receipt['rideId']}")
    page.set_creator("SpeedyCheers")
    page.add_page()
    page.set_font(FONT, "B", 20)
    page.cell(0, 12, _latin(f"SpeedyCheers · {name}"), new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, size=11)
    for name, value in _facts(ride, receipt, zone):
        page.cell(45, LINE_MM, _latin(name))
        page.cell(0, LINE_MM, _latin(value), new_x="LMARGIN", new_y="NEXT")
    page.ln(4)
    _lines(page, receipt)
    return bytes(page.output())


def _facts(ride: Ride, receipt: Mapping[str, Any], zone: ZoneInfo) -> list[tuple[str, str]]:
    tariff = receipt["tariff"]
    facts = [(_("Reference"), str(receipt["rideId"])), (_("For"), _(ride.request.request_type.name))]
    if receipt["startTime"] is not None:
        facts.append((_("Started"), _moment(receipt["startTime"], zone)))
    if receipt["endTime"] is not None:
        minutes, seconds = divmod(receipt["elapsedS"], 60)
        facts += [
            (_("Ended"), _moment(receipt["endTime"], zone)),
            (_("Ended by"), ride.get_ended_by_display()),
            (_("Time"), f"{minutes}:{seconds:02}"),
        ]
    else:
        facts.append((_("Cancelled"), ""))
    price = {"price": money(tariff.amount, tariff.currency), "time": increment(tariff.increment_s)}
    facts.append((_("Tariff"), _("%(price)s for every %(time)s or part of it") % price))
    if (tax := receipt["tax"]) and tax["number"]:
        facts.append((_("Tax number"), tax["number"]))
    if card := receipt["card"]:
        ending = _("%(brand)s ending in %(last4)s") % {"brand": card["brand"].title(), "last4": card["last4"]}
        facts.append((_("Card"), ending))
    return facts


def _lines(page: "FPDF", receipt: Mapping[str, Any]) -> None:
    rows = [(_marked(line), line["amount"]) for line in receipt["lines"]]
    rows += [
        (
            _("%(label)s, given back") % {"label": line["label"]},
            {**line["refunded"], "amount": -line["refunded"]["amount"]},
        )
        for line in receipt["lines"]
        if line["refunded"]["amount"]
    ]
    for label, amount in rows or [(_("Nothing was charged"), receipt["total"])]:
        page.cell(130, LINE_MM, _latin(label), border="B")
        page.cell(0, LINE_MM, _latin(_signed(amount)), border="B", align="R", new_x="LMARGIN", new_y="NEXT")
    page.set_font(FONT, "B", 11)
    page.cell(130, LINE_MM, _latin(_("Total")))
    page.cell(0, LINE_MM, _latin(_signed(receipt["total"])), align="R", new_x="LMARGIN", new_y="NEXT")
    if receipt["credit"]["amount"]:
        page.cell(130, LINE_MM, _latin(_("Of this, paid with credit")))
        page.cell(0, LINE_MM, _latin(_signed(receipt["credit"])), align="R", new_x="LMARGIN", new_y="NEXT")
    if tax := receipt["tax"]:
        page.set_font(FONT, size=11)
        page.cell(130, LINE_MM, _latin(_("Of this, %(tax)s") % {"tax": tax["label"]}))
        page.cell(0, LINE_MM, _latin(_signed(tax["amount"])), align="R", new_x="LMARGIN", new_y="NEXT")
        page.set_font(FONT, "B", 11)
    if receipt["due"]["amount"]:
        page.cell(130, LINE_MM, _latin(_("Not paid yet")))
        page.cell(0, LINE_MM, _latin(_signed(receipt["due"])), align="R", new_x="LMARGIN", new_y="NEXT")


def _marked(line: Mapping[str, Any]) -> str:
    """Returns a line's label, marked if it has not been paid."""
    label = str(line["label"])
    return _("%(label)s, not paid yet") % {"label": label} if line["status"] in UNPAID else label


def _signed(amount: Mapping[str, Any]) -> str:
    text = money(abs(amount["amount"]), amount["currency"])
    return f"-{text}" if amount["amount"] < 0 else text


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return date_text(at.astimezone(zone), "d M Y, H:i:s")
