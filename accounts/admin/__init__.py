"""Accounts in the admin. Each module registers its own models; `requests_app.admin` registers partners."""

from accounts.admin import credentials, logs, users

__all__ = ["credentials", "logs", "users"]
