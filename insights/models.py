"""The tables of this app, which its rooms declare; Django finds them here."""

from insights.arrival.models import ArrivalTable
from insights.facts.models import Counting, HourFacts, HourMoney, HourSupply
from insights.forecast.models import Forecast, Forecaster, ForecastModel, ForeseenHour, OwnDemand, PastDemand
from insights.positioning.models import Advice, Adviser, HourAdvice
from insights.sandbox.models import Shadow, ShadowChoice, Switchback, SwitchbackSlot, Trial
from insights.trail.models import TrailPiece

__all__ = [
    "Advice",
    "Adviser",
    "ArrivalTable",
    "Counting",
    "Forecast",
    "ForecastModel",
    "Forecaster",
    "ForeseenHour",
    "HourAdvice",
    "HourFacts",
    "HourMoney",
    "HourSupply",
    "OwnDemand",
    "PastDemand",
    "Shadow",
    "ShadowChoice",
    "Switchback",
    "SwitchbackSlot",
    "TrailPiece",
    "Trial",
]
