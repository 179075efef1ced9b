"""The dispatch desk: requests and offers, what is planned, what can be asked for and where, and stuck partners."""

from requests_app.admin import catalogue, dispatch, partners, planned

__all__ = ["catalogue", "dispatch", "partners", "planned"]
