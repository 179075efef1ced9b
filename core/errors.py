"""Errors that services raise. `api.errors` turns each into an HTTP answer or an error frame, in one place."""

from django.utils.translation import gettext, gettext_noop


class ServiceError(Exception):
    """A call can't be carried out; nothing has changed.

    `code` is stable and for programs. `detail` is one sentence for people, in the language that is active when it is
    read. It is written in English, with named placeholders (`%(days)s`) that `values` fill.
    """

    status = 400
    default_code = "invalid"
    default_detail = gettext_noop("This can't be done.")

    def __init__(self, code: str = "", detail: str = "", attr: str | None = None, **values: object) -> None:
        self.code = code or self.default_code
        self.text = detail or self.default_detail
        self.values = values
        self.attr = attr
        super().__init__(f"{self.code}: {self.text % values if values else self.text}")

    @property
    def detail(self) -> str:
        text = gettext(self.text)
        return text % self.values if self.values else text


class Invalid(ServiceError):
    """The input itself is wrong (400)."""


class Forbidden(ServiceError):
    """The caller is signed in, but its role may not do this (403)."""

    status = 403
    default_code = "permission_denied"
    default_detail = gettext_noop("You may not do this.")


class Missing(ServiceError):
    """The object doesn't exist or belongs to somebody else; the caller can't tell which (404)."""

    status = 404
    default_code = "not_found"
    default_detail = gettext_noop("Not found.")


class Conflict(ServiceError):
    """The present state forbids the call (409); `code` says why."""

    status = 409
    default_code = "conflict"
    default_detail = gettext_noop("The present state does not allow this.")
