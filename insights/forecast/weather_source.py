"""Reads a region's weather from the file or the hook that the settings name, if any."""

import logging
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

from insights.forecast.weather import Weather, finite, read_weather
from regions.models import Region

log = logging.getLogger(__name__)

# Given the region's slug and the first and last local day, returns figures by name for the days that it knows.
Hook = Callable[[str, date, date], Mapping[date, Mapping[str, float]]]


def weather_of(region: Region, first: date, last: date) -> Weather:
    """Return the weather of a region from the first day to the last; of none if there is no source, or if it fails.

    It may take as long as its source; call it outside of transactions. A failure is logged, since a forecast without
    weather is better than none.
    """
    try:
        if settings.WEATHER_HOOK:
            return _asked(import_string(settings.WEATHER_HOOK), region.slug, first, last)
        if settings.WEATHER_FILE:
            with Path(settings.WEATHER_FILE.replace("{region}", region.slug)).open(newline="") as lines:
                return read_weather(lines)
    except Exception as error:  # a hook may raise anything
        log.warning("the weather of %s can't be read (%s: %s)", region.slug, type(error).__name__, error)
    return Weather()


def _asked(hook: Hook, slug: str, first: date, last: date) -> Weather:
    answer = hook(slug, first, last)
    return Weather({day: {name: finite(value) for name, value in figures.items()} for day, figures in answer.items()})
