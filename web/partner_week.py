"""A partner's page of their own week, and of when and where it is usually busy."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from accounts.models import Role
from core import clock
from insights.pages.own_week import own_week
from insights.pages.usual import Usual, usually_busy
from web.access import UserRequest, page_for
from web.page_data import region_data, tiles
from web.selectors import partner_or_403

WEEKDAYS = range(1, 8)  # of ISO 8601
CLOCK = range(24)


@dataclass(frozen=True, slots=True)
class HourRow:
    """An hour of the day, and how busy it usually is on each day of the week, Monday first: 0 (not known) to 4."""

    hour: int
    levels: list[int]


@page_for(Role.PARTNER)
def partner_week(request: UserRequest) -> HttpResponse:
    """Show the partner's last seven days, and when and where their region is usually busy."""
    partner = partner_or_403(request.user)
    usual = usually_busy(partner.region) if partner.region else Usual({}, [])
    days = own_week(partner, now=clock.now())
    context = {
        "currency": partner.region.currency if partner.region else "",
        "days": days,
        "work_s": sum(day.work_s for day in days),
        "earned": sum(day.earned for day in days),
        "hours": [HourRow(hour, [usual.when.get((day, hour), 0) for day in WEEKDAYS]) for hour in CLOCK],
        "knows_when": bool(usual.when),
        "where": usual.where,
        "page_data": {
            "cells": [{"lat": each.lat, "lng": each.lng, "level": each.level} for each in usual.where],
            "regions": [region_data(partner.region)] if partner.region else [],
            "tiles": tiles(),
        },
    }
    return render(request, "web/partner_week.html", context)
