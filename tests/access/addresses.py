"""Every address of the URL conf, the methods to try on it, and a path that leads there."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic.edit import ProcessFormView

from requests_app.models import Offer
from rides.models import Ride
from tests.access.people import City
from tests.fuzz.calls import UNKNOWN_ID

METHODS = ("get", "post", "put", "patch", "delete")
GROUP = re.compile(r"\(\?P(<\w+>)(?:[^()]|\([^()]*\))*\)")  # a named group of a regular expression
CONVERTER = re.compile(r"<\w+:(\w+)>")
ANY_TEXT = "x-1"
# Of addresses that answer nothing without one.
QUERIES = {
    "/estimate": "?lat=40.7484&lng=-73.9857",
    "/place": "?q=times",
    "/staffApi/insight/forecast": "?region=nyc",
}


def walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address below these patterns, in the order in which they are tried."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern


def plain(route: str) -> str:
    """An address as the tables write it: `/ride/<ride_id>`."""
    text = CONVERTER.sub(r"<\1>", GROUP.sub(r"\1", route))
    return "/" + text.replace("^", "").replace("$", "").replace("\\.", ".")


def methods_of(view: Any) -> list[str]:
    """The methods that a view takes: a class says so, a function is tried with two. A form's PUT is its POST."""
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if cls is None:
        return ["GET", "POST"]
    allowed = getattr(view, "view_initkwargs", {}).get("http_method_names", cls.http_method_names)
    return [
        method.upper()
        for method in METHODS
        if method in allowed and hasattr(cls, method) and not (method == "put" and issubclass(cls, ProcessFormView))
    ]


def model_routes() -> set[str]:
    """The addresses of the pages of the admin's models, which have tables of their own."""
    return {
        plain(f"admin/{model._meta.app_label}/{model._meta.model_name}/{route}")
        for model, model_admin in admin.site._registry.items()
        for route, _ in walk(model_admin.get_urls())
    }


def every_call() -> list[str]:
    """Every `METHOD /address`, without the pages of the admin's models."""
    elsewhere = model_routes()
    found: dict[str, Any] = {}
    for route, pattern in walk(get_resolver().url_patterns):
        if plain(route) not in elsewhere:
            found.setdefault(plain(route), pattern.callback)
    return [f"{method} {route}" for route, view in found.items() for method in methods_of(view)]


def values(city: City) -> dict[str, Any]:
    """Values for the names in addresses: ids of rows of the world, if it has one."""
    world = city.world
    return {
        "request_id": world.request.pk,
        "attempt_id": world.letter.looks.get().pk,
        "failed_delivery_id": world.failure.pk,
        "offer_id": Offer.objects.filter(request=world.request).values_list("pk", flat=True)[0],
        "ride_id": world.completed.pk,
        "message_id": world.message.pk,
        "payment_id": Ride.objects.get(pk=world.completed.pk).payments.get().pk,
        "partner_id": world.applicant.pk,
        "region_slug": "nyc",
        "figure": "funnel",
        "alert_id": UNKNOWN_ID,
        "scheduled_id": world.planned.pk,
        "place_id": world.place.pk,
        "hold_id": UNKNOWN_ID,
        "waiting_id": UNKNOWN_ID,
        "share_token": city.share_token,
        "token": ANY_TEXT,
        "language": "de",
        "statement_period": "2026-11",
        "tax_year": "2026",
        "pk": 0,
        "app_label": "rides",
        "url": "nothing/here/",
        "content_type_id": 0,
        "object_id": UNKNOWN_ID,
        "key": ANY_TEXT,
        "uidb36": "x1",
    }


def path_of(route: str, names: dict[str, Any]) -> str:
    """The path of an address. Raises `KeyError` for a name that nothing stands for."""
    return re.sub(r"<(\w+)>", lambda match: str(names[match[1]]), route) + QUERIES.get(route, "")
