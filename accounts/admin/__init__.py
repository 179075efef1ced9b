"""Accounts in the admin. Each module registers its own models; `requests_app.admin` registers partners."""

from accounts.admin import credentials, logs, users
from accounts.models import Partner
from accounts.staff_regions import regions_of
from backoffice.regional import known_by, limited_by

limited_by(regions_of)
known_by(Partner)

__all__ = ["credentials", "logs", "users"]
