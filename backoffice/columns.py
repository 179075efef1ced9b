"""Columns and read-only fields of the admin: badges, moments, amounts and links.

A function that returns a `Column` builds a method of a `ModelAdmin`, for lists, pages and inlines alike.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from django.contrib.admin.utils import quote
from django.db import models
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import display

from core.currencies import currency_of
from core.errors import Invalid

NOTHING = "–"
Column = Callable[[Any, Any], Any]
F = TypeVar("F", bound=Callable[..., Any])

SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def shown(title: str, *, ordering: str | None = None, boolean: bool | None = None) -> Callable[[F], F]:
    """Unfold's `display`, with types."""
    return cast("Callable[[F], F]", display(description=title, ordering=ordering, boolean=boolean))


def amount_text(amount: int | None, currency: str) -> str:
    """Format minor units: 1000 usd is "$10.00", and -1000 usd is "−$10.00"."""
    if amount is None:
        return NOTHING
    if amount < 0:
        return f"−{amount_text(-amount, currency)}"
    decimals = currency_of(currency).decimals
    whole, rest = divmod(amount, 10**decimals)
    number = f"{whole:,}.{rest:0{decimals}}" if decimals else f"{whole:,}"
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{number}" if symbol else f"{number} {currency.upper()}"


def minor_units(amount: Decimal, currency: str) -> int:
    """Convert whole units to minor units. Raises `Invalid` if no such amount of the currency can be moved."""
    units = amount.scaleb(currency_of(currency).decimals)
    if units % currency_of(currency).step:
        raise Invalid("invalid", f"{amount} is no amount of {currency.upper()}.", "amount")
    return int(units)


def moment_text(at: datetime | None) -> str:
    """Format a moment to the second, in the admin's time zone."""
    return NOTHING if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def change_url(model: type[models.Model], pk: Any) -> str | None:
    """Return the URL of a row's page; None if its model has no pages."""
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[quote(str(pk))])
    except NoReverseMatch:
        return None


def link(url: str | None, text: str) -> str | SafeString:
    """Return an anchor, or the bare text without a URL."""
    return format_html('<a href="{}" class="text-link">{}</a>', url, text) if url else text


def list_link(list_name: str, text: str, **query: Any) -> str | SafeString:
    """Return a link to a filtered list, such as `accounts_partner`. The name lets an app link to one above it."""
    try:
        return link(f"{reverse(f'admin:{list_name}_changelist')}?{urlencode(query)}", text)
    except NoReverseMatch:
        return text


def short_id(pk: Any) -> str:
    """Return the end of an id, which differs even between ids of the same time."""
    return f"..{str(pk)[-8:]}"


def badge_html(text: str, colour: str = "") -> SafeString:
    """Render a coloured label. `colour`: info, success, warning, danger, primary, or none."""
    return mark_safe(render_to_string("unfold/helpers/label.html", {"text": text, "type": colour}))  # noqa: S308


def badge(field: str, title: str, colours: Mapping[Any, str]) -> Column:
    """A choice field as a coloured label."""

    @shown(title, ordering=field)
    def column(admin: Any, row: Any) -> SafeString:
        value = getattr(row, field)
        labels = dict(row._meta.get_field(field).flatchoices)
        return badge_html(str(labels.get(value, value)), colours.get(value, ""))

    return column


def moment(field: str, title: str) -> Column:
    """A time to the second."""

    @shown(title, ordering=field)
    def column(admin: Any, row: Any) -> SafeString:
        return format_html('<span class="whitespace-nowrap">{}</span>', moment_text(getattr(row, field)))

    return column


def amount(field: str, title: str, *, currency: str = "currency") -> Column:
    """Minor units in the currency that another field of the row names."""

    @shown(title, ordering=field)
    def column(admin: Any, row: Any) -> str:
        return amount_text(getattr(row, field), getattr(row, currency))

    return column


def identity(title: str = "Id") -> Column:
    """The row's own id, short, and linked to its page."""

    @shown(title, ordering="pk")
    def column(admin: Any, row: Any) -> str | SafeString:
        return link(change_url(type(row), row.pk), short_id(row.pk))

    return column


def label_of(row: Any) -> str:
    """Return the name of a row on staff pages."""
    return str(getattr(row, "label", row))


def related(field: str, title: str, *, named: bool = False) -> Column:
    """A foreign key as a link, labelled by its id or, if `named`, by the row, which the list must then select.

    Rows about people have a `label` for staff, and a string that does not name them.
    """

    @shown(title, ordering=field)
    def column(admin: Any, row: Any) -> str | SafeString:
        key = row._meta.get_field(field)
        pk = getattr(row, key.attname)
        if pk is None:
            return NOTHING
        return link(change_url(key.related_model, pk), label_of(getattr(row, field)) if named else short_id(pk))

    return column


def json_block(value: Any) -> SafeString:
    """JSON, indented."""
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html('<pre class="whitespace-pre-wrap break-words font-mono text-xs">{}</pre>', text)


def pretty_json(field: str, title: str) -> Column:
    """A JSON field, indented."""

    @shown(title)
    def column(admin: Any, row: Any) -> SafeString:
        return json_block(getattr(row, field))

    return column


def place(title: str = "Location") -> Column:
    """Latitude and longitude, linked to a map."""

    @shown(title)
    def column(admin: Any, row: Any) -> str | SafeString:
        if row.lat is None or row.lng is None:
            return NOTHING
        where = f"{row.lat:.5f}, {row.lng:.5f}"
        url = (
            f"https://www.openstreetmap.org/?{urlencode({'mlat': row.lat, 'mlon': row.lng})}#map=16/{row.lat}/{row.lng}"
        )
        return format_html('<a href="{}" class="text-link" target="_blank" rel="noreferrer">{}</a>', url, where)

    return column
