"""Recovery codes, kept as slow hashes: who has the database and SECRET_KEY can't read them.

allauth derives its codes from a seed that it can read again, and has no setting for it, so `install` puts this class in
the place of its own. The codes themselves are in the session, encrypted, until a page has shown them once.
"""

import secrets
from typing import Any

from allauth.core import context
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import auth, flows
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes as Seeded  # allauth's own, with a seed
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts import vault
from accounts.emergency_codes import use_emergency_code

HASHES = "hashes"  # in `Authenticator.data`: those of the codes that are not used
FRESH = "recovery_codes"  # in the session
HIDDEN = "••••••••"


class RecoveryCodes(Seeded):
    """The recovery codes of one account."""

    shown: list[str] | None = None  # what may be shown: codes made, or taken from the session, by this very object

    @classmethod
    def activate(cls, user: Any) -> "RecoveryCodes":
        """Make new codes if the account has none. They are hashed while no row is locked."""
        kept = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
        if kept is not None:
            return cls(kept)
        codes = [_new_code() for _ in range(app_settings.RECOVERY_CODE_COUNT)]
        made = cls(
            Authenticator.objects.create(
                user=user,
                type=Authenticator.Type.RECOVERY_CODES,
                data={HASHES: [make_password(code) for code in codes]},
            )
        )
        request = context.request
        if request is not None and request.user.pk == user.pk:
            request.session[FRESH] = [vault.encrypt(code) for code in codes]
        made.shown = codes
        return made

    def generate_codes(self) -> list[str]:
        """Return as many texts as there are codes; pages count them."""
        return self.shown or [HIDDEN] * app_settings.RECOVERY_CODE_COUNT

    def get_unused_codes(self) -> list[str]:
        """Return the codes if they may be shown, else as many texts as there are unused ones."""
        return self.shown or [HIDDEN] * len(_unused(self.instance))

    @property
    def did_view(self) -> bool:
        """Whether the codes were shown; this session has them only before."""
        return FRESH not in context.request.session

    def mark_as_viewed(self) -> None:
        """Take the codes out of the session, for the page that is being made."""
        self.shown = [vault.decrypt(code) for code in context.request.session.pop(FRESH, [])]

    def validate_code(self, code: str) -> bool:
        """Use a code up. Of two calls with one code at the same time, one returns True.

        Raises: `HashingBusy`; nothing was checked.
        """
        if not (code.isascii() and code.isdigit() and len(code) == app_settings.RECOVERY_CODE_DIGITS):
            return False  # a code of the app, for example; hashing it would cost as much as ten passwords
        hash_once(self.instance)
        used = next((kept for kept in _unused(self.instance) if check_password(code, kept)), None)
        if used is None:
            return use_emergency_code(self.instance, code)
        with transaction.atomic():
            row = Authenticator.objects.select_for_update(no_key=True).filter(pk=self.instance.pk).first()
            if row is None or used not in _unused(row):
                return False
            row.data[HASHES].remove(used)
            row.save(update_fields=["data"])
        self.instance.data = row.data
        return True


def hash_once(factor: Authenticator) -> bool:
    """Replace the seed or the codes that an earlier version has kept by hashes. Returns False if it has neither.

    Raises: `InvalidToken` if SECRET_KEY and its fallbacks can't decrypt them; `HashingBusy`.
    """
    if factor.type != Authenticator.Type.RECOVERY_CODES or not factor.data.keys() & {"seed", "migrated_codes"}:
        return False
    hashes = [make_password(code) for code in Seeded(factor).get_unused_codes()]
    with transaction.atomic():
        row = Authenticator.objects.select_for_update(no_key=True).filter(pk=factor.pk).first()
        unchanged = row is not None and row.data == factor.data  # no other call has used a code, or has been here
        if row is not None and unchanged:
            row.data = {HASHES: hashes}
            row.save(update_fields=["data"])
    factor.data = row.data if row is not None else {}
    return unchanged


def install() -> None:
    """Let allauth use this class: `Authenticator.wrap` and the flows of its pages look it up by name."""
    for module in (auth, flows):
        module.RecoveryCodes = RecoveryCodes


def _new_code() -> str:
    digits = app_settings.RECOVERY_CODE_DIGITS
    return f"{secrets.randbelow(10**digits):0{digits}}"


def _unused(factor: Authenticator) -> list[str]:
    hashes: list[str] = factor.data.get(HASHES, [])
    return hashes
