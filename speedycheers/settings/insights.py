"""The weather, which the forecast of demand may know beside a region's own past."""

from django.core.exceptions import ImproperlyConfigured

from speedycheers.settings.base import env

# A CSV with the column day and a column for each figure; {region} stands for a region's slug.
WEATHER_FILE: str = env.str("WEATHER_FILE", default="")
# The dotted path of a callable (slug, first day, last day) that returns figures by name for the days it knows.
WEATHER_HOOK: str = env.str("WEATHER_HOOK", default="")
if WEATHER_FILE and WEATHER_HOOK:
    raise ImproperlyConfigured("Set WEATHER_FILE or WEATHER_HOOK, not both.")
