"""The admin of dispatch: requests and offers, planned cheers, kinds of cheer and regions, and partners."""

from backoffice.regional import known_by
from requests_app.admin import accounts, catalogue, dispatch, partners, planned
from requests_app.models import CheerRequest, ScheduledRequest

known_by(CheerRequest)
known_by(ScheduledRequest)

__all__ = ["accounts", "catalogue", "dispatch", "partners", "planned"]
