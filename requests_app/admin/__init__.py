"""The admin of dispatch: requests and offers, planned cheers, kinds of cheer and regions, and partners."""

from requests_app.admin import catalogue, dispatch, partners, planned

__all__ = ["catalogue", "dispatch", "partners", "planned"]
