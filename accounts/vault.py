"""Second factors encrypted at rest, and their renewal under a new SECRET_KEY."""

import base64
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.utils.encoding import force_bytes

SECOND_FACTORS = b"speedycheers second factors"
ENCRYPTED = ("secret", "seed")  # keys of `Authenticator.data` with one encrypted text; `migrated_codes` has a list


def encrypt(text: str) -> str:
    """Encrypt with a key derived from SECRET_KEY, so that the database alone reveals no codes."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Decrypt what SECRET_KEY or one of its fallbacks has encrypted."""
    return _cipher().decrypt(encrypted.encode()).decode()


def renew(factor: Authenticator) -> bool:
    """Encrypt a second factor with the key of now. Returns False if it is, or has nothing encrypted."""
    with transaction.atomic():
        locked = Authenticator.objects.select_for_update(no_key=True).filter(pk=factor.pk).first()
        if locked is None:
            return False
        data = _renewed(locked.data)
        if data == locked.data:
            return False
        locked.data = data
        locked.save(update_fields=["data"])
        return True


def renew_at_use(*, instance: Authenticator, update_fields: Any = None, **_: object) -> None:
    """Renew a factor that has just been used. Receives `post_save`."""
    if settings.SECRET_KEY_FALLBACKS and "last_used_at" in (update_fields or ()):
        renew(instance)


def _renewed(data: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {name: _again(data[name]) for name in ENCRYPTED if name in data}
    if data.get("migrated_codes"):
        changed["migrated_codes"] = [_again(code) for code in data["migrated_codes"]]
    return {**data, **changed}


def _again(encrypted: str) -> str:
    try:
        Fernet(_key(settings.SECRET_KEY)).decrypt(encrypted.encode())
    except InvalidToken:
        return _cipher().rotate(encrypted.encode()).decode()
    return encrypted


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str | bytes) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=SECOND_FACTORS).derive(force_bytes(secret))
    return base64.urlsafe_b64encode(derived)
