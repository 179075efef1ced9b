"""Formats amounts, moments, durations and tariffs in the active language."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal, format_percent
from django.utils.translation import get_language, ngettext

from core.currencies import currency_of

KILOMETRE_FROM_M = 995


def money(amount: int, currency: str, *, short: bool = False) -> str:
    """Format minor units: 1000 usd is $10.00; with `short`, whole amounts have no decimals: $10."""
    counted, value = currency_of(currency), major(amount, currency)
    is_whole = value == value.to_integral_value()
    bare = is_whole and (short or counted.step >= 10**counted.decimals)
    decimals = "." + "0" * counted.decimals if counted.decimals and not bare else ""
    pattern = _locale().currency_formats["standard"].pattern.replace(".00", decimals)
    return format_currency(value, currency.upper(), pattern, _locale(), currency_digits=False)


def percent(part: int, whole: int) -> str:
    """Format a part of a whole: 8875 of 100,000 is 8.875%."""
    return format_percent(Decimal(part) / whole, "#,##0.###%", _locale())


def major(amount: int, currency: str) -> Decimal:
    """Return minor units as units of the currency with all its decimals: 1000 usd is 10.00, 1000 jpy is 1000."""
    return Decimal(amount).scaleb(-currency_of(currency).decimals)


def when(moment: datetime, time_zone: str = "UTC") -> str:
    """Format a moment in a time zone: "Nov 22, 2026, 9:05:00 PM"."""
    return format_datetime(moment, "medium", ZoneInfo(time_zone), _locale())


def day_and_time(moment: datetime) -> str:
    """Format a moment, in its own time zone, by day and minute: "Sun, Nov 22, 9:05 PM"."""
    zone, locale = moment.tzinfo, _locale()
    day = format_skeleton("MMMEd", moment, zone, locale=locale)
    return f"{day}, {format_time(moment, 'short', zone, locale)}"


def to_the_minute(moment: datetime, time_zone: str) -> str:
    """Format a moment in a time zone by day and minute, with its year: "Sun, Nov 22, 2026, 9:05 PM"."""
    zone, locale = ZoneInfo(time_zone), _locale()
    day = format_skeleton("yMMMEd", moment, zone, locale=locale)
    return f"{day}, {format_time(moment, 'short', zone, locale)}"


def calendar_day(day: date) -> str:
    """Format a day: "Nov 22, 2026"."""
    return format_date(day, "medium", _locale())


def blocks(count: int, increment_s: int) -> str:
    """Name what a session is billed for: "3 × 5 minutes", "1 × 90 seconds"."""
    if increment_s % 60:
        text, n = ngettext("%(count)d × %(n)d second", "%(count)d × %(n)d seconds", increment_s), increment_s
    else:
        n = increment_s // 60
        text = ngettext("%(count)d × %(n)d minute", "%(count)d × %(n)d minutes", n)
    return text % {"count": count, "n": n}


def increment(seconds: int) -> str:
    """Name the billing increment, to follow "for every": "minute", "5 minutes", "90 seconds"."""
    if seconds % 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    whole = seconds // 60
    return ngettext("minute", "%(n)d minutes", whole) % {"n": whole}


def distance(metres: float) -> str:
    """Format a distance in metres: "510 m", "1.2 km"."""
    if metres < KILOMETRE_FROM_M:
        return f"{round(metres, -1):.0f} m"
    return f"{format_decimal(metres / 1000, '0.0', _locale())} km"


def duration(value: timedelta | float) -> str:
    """Format a timedelta or seconds: "12 min 5 s", "1 h 2 min". The units are the same in all our languages."""
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    hours, rest = divmod(seconds, 3600)
    if hours:
        return f"{hours} h {rest // 60} min"
    if rest < 60:
        return f"{rest} s"
    return f"{rest // 60} min {rest % 60} s" if rest % 60 else f"{rest // 60} min"


def _locale() -> Locale:
    return Locale.parse(get_language() or "en", sep="-")
