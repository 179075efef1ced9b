"""The dispatch desk: requests and offers, what can be asked for and where, and partners who are stuck."""

from requests_app.admin import catalogue, dispatch, partners

__all__ = ["catalogue", "dispatch", "partners"]
