"""What services raise. `api.errors` turns each into an HTTP answer or an error frame, in one place."""

from django.utils.translation import gettext, gettext_noop


class ServiceError(Exception):
    """Something asked for can't be done; nothing has changed.

    `code` is for programs and stable. `detail` is one sentence for people, in the language that is active where it is
    read. It is written in English, with named gaps (`%(days)s`) that `values` fill.
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
    """The input is wrong in itself (400)."""


class Forbidden(ServiceError):
    """Signed in, but this role may not (403)."""

    status = 403
    default_code = "permission_denied"
    default_detail = gettext_noop("You may not do this.")


class Missing(ServiceError):
    """Not there, or not yours, which an outsider can't tell apart (404)."""

    status = 404
    default_code = "not_found"
    default_detail = gettext_noop("Not found.")


class Conflict(ServiceError):
    """The present state forbids it (409); `code` names why."""

    status = 409
    default_code = "conflict"
    default_detail = gettext_noop("The present state does not allow this.")
