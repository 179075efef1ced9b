"""The tax of prices in words."""

from django.utils.translation import gettext as _

from core.amounts import percent
from core.prices import TAX_WHOLE
from regions.models import Prices


def tax_label(prices: Prices) -> str:
    """Returns a tax with its rate, as bills show it: "VAT 19%"."""
    return f"{prices.tax_name} {percent(prices.tax_rate, TAX_WHOLE)}"


def tax_note(prices: Prices) -> str:
    """Returns how prices stand to the tax, to follow them: "plus Sales tax 8.875%". Empty if there is no tax."""
    if not prices.tax_rate:
        return ""
    text = _("including %(tax)s") if prices.tax_inclusive else _("plus %(tax)s")
    return text % {"tax": tax_label(prices)}
