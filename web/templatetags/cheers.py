"""Template filters and tags: amounts, durations, pictures and scripts of the pages."""

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core import amounts
from payments.books.ledger import PARTNERS, SALES
from payments.states import UNPAID, PaymentStatus
from regions import taxes
from regions.models import Prices
from requests_app.models import RequestType
from rides.models import Ride
from web.sources import parts
from web.texts import texts_address

register = template.Library()

# The kinds of cheer that static/icons/kinds.svg draws; any other shows its emoji.
DRAWN_KINDS = frozenset(["classic", "pep_talk", "birthday", "celebration", "game_day", "serenade"])


@register.simple_tag
def kind_icon(kind: RequestType) -> str:
    """A kind of cheer's picture. It is hidden from screen readers, because the name is beside it."""
    if kind.slug not in DRAWN_KINDS:
        return format_html('<span class="kind-icon" aria-hidden="true">{}</span>', kind.icon)
    address = f"{static('icons/kinds.svg')}#{kind.slug}"
    return format_html(
        '<svg class="kind-icon" viewBox="0 0 96 96" aria-hidden="true" focusable="false"><use href="{}"/></svg>',
        address,
    )


@register.filter
def money(amount: int | None, currency: str) -> str:
    """Minor units in the page's format: `1000|money:"usd"` is $10.00. Returns an empty string for None."""
    return "" if amount is None else amounts.money(amount, currency)


@register.filter
def price(amount: int | None, currency: str) -> str:
    """Like `money`, without decimals for whole amounts: $10."""
    return "" if amount is None else amounts.money(amount, currency, short=True)


@register.filter
def when(moment: datetime | None, time_zone: str = "UTC") -> str:
    """A moment in a time zone, in the page's format. Returns an empty string for None."""
    return amounts.when(moment, time_zone) if moment else ""


@register.filter
def to_the_minute(moment: datetime, time_zone: str) -> str:
    """A moment in a time zone by day and minute, with its year, in the page's format."""
    return amounts.to_the_minute(moment, time_zone)


@register.filter
def calendar_day(day: date) -> str:
    """A day in the page's format: "Nov 22, 2026"."""
    return amounts.calendar_day(day)


@register.filter
def tax_note(prices: Prices) -> str:
    """How prices stand to the tax: "plus Sales tax 8.875%"."""
    return taxes.tax_note(prices)


@register.filter
def minutes(seconds: int) -> str:
    """A tariff's increment, to follow "for every": `300|minutes` is "5 minutes", 90 is "90 seconds"."""
    return amounts.increment(seconds)


@register.filter
def duration(value: timedelta | int | float | None) -> str:
    """A duration: "12 min 5 s", "1 h 2 min". Returns an empty string for None."""
    return "" if value is None else amounts.duration(value)


@register.filter
def session_length(ride: Ride) -> timedelta | None:
    """The length of a ride's session; None unless it has ended."""
    return ride.elapsed(ride.end_time) if ride.end_time else None


@register.filter
def paid_total(payments: Any) -> int:
    """The total of a ride's payments less refunds, in minor units."""
    return sum(payment.amount - payment.refunded_amount for payment in payments.all())


@register.filter
def is_unpaid(payments: Any) -> bool:
    """Whether something of a ride's payments is not paid yet."""
    return any(payment.status in UNPAID for payment in payments.all())


@register.filter
def earned_total(payments: Any) -> int:
    """The partner's share of a ride's payments less what was taken back of it, in minor units."""
    entries = [entry for payment in payments.all() for entry in payment.entries.all()]
    given = sum(entry.amount for entry in entries if (entry.debit, entry.credit) == (SALES, PARTNERS))
    back = sum(entry.amount for entry in entries if (entry.debit, entry.credit) == (PARTNERS, SALES))
    return int(given - back)


@register.filter
def payment_status(status: str) -> str:
    """A payment's status in words: `due` is "Due"."""
    return str(PaymentStatus(status).label)


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], name: str) -> str:
    """`aria-current` for the navigation's link to the page being shown."""
    match = getattr(context.get("request"), "resolver_match", None)
    return "page" if match and match.url_name == name else "false"


@register.simple_tag
def texts_url(language: str) -> str:
    """The address of the scripts' texts in a language."""
    return texts_address(language)


@register.simple_tag
def script(path: str) -> SafeString:
    """Load a module, and preload all its imports, which browsers would otherwise discover level by level.

    Its priority is low because the page can be read, and its form filled in, before it runs.
    """
    preload = '<link rel="modulepreload" href="{}" fetchpriority="low">'
    links = format_html_join("", preload, ((static(part),) for part in parts(path)))
    return format_html('{}<script type="module" src="{}" fetchpriority="low"></script>', links, static(path))
