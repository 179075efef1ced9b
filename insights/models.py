"""The tables of this app, which its rooms declare; Django finds them here."""

from insights.forecast.models import PastDemand

__all__ = ["PastDemand"]
