"""People in the admin. Each module registers its own; partners are registered by `requests_app.admin`."""

from accounts.admin import credentials, logs, users

__all__ = ["credentials", "logs", "users"]
