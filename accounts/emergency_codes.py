"""A way in for staff who have lost every second factor: a code that stands in for one, once, and for a short time.

It is made at the command line of the server (`manage.py break_glass`), never over the network. The password is still
asked for.
"""

import secrets
from datetime import datetime, timedelta

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.http import HttpRequest

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User
from accounts.second_factor import FACTORS
from backoffice.chain import keep
from backoffice.models import Channel
from core import clock
from core.errors import Conflict, Forbidden
from core.security_log import record

EMERGENCY = "emergency"  # in `Authenticator.data` of the recovery codes: {"hash", "until"}
LIFE = timedelta(minutes=15)
BREAK_GLASS = "break_glass"


def make_emergency_code(user: User, *, reason: str, now: datetime) -> str:
    """Give a superuser a code that replaces their second factor once, until `LIFE` has passed.

    A new code replaces the one before. It is a staff action and a line of the security log, and every superuser gets a
    mail.

    Raises:
        Forbidden: the account is not an active superuser's.
        Conflict: it has no second factor, so that the password alone leads to the pages that set one up.
    """
    if not (user.is_superuser and user.is_active):
        raise Forbidden("permission_denied", "Only superusers have a way in; they help other staff.")
    if not Authenticator.objects.filter(user=user, type__in=FACTORS).exists():
        raise Conflict("no_second_factor", "This account has no second factor; its password leads to one.")
    digits = app_settings.RECOVERY_CODE_DIGITS
    code = f"{secrets.randbelow(10**digits):0{digits}}"
    hashed = make_password(code)  # while no row is locked
    request = HttpRequest()  # nobody has signed in: the action is that of the account which it is made for
    request.user = user
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        kept, _ = Authenticator.objects.select_for_update(no_key=True).get_or_create(
            user=user, type=Authenticator.Type.RECOVERY_CODES, defaults={"data": {"hashes": []}}
        )
        kept.data[EMERGENCY] = {"hash": hashed, "until": (now + LIFE).isoformat()}
        kept.save(update_fields=["data"])
        for superuser in User.objects.filter(is_superuser=True, is_active=True).order_by("pk"):
            mail_later(BREAK_GLASS, superuser, about=f"{user.pk} {now:%Y-%m-%dT%H:%M:%S}", now=now)
        record(BREAK_GLASS, "ok", account=user.pk, after_commit=True)
        keep(request, BREAK_GLASS, user._meta.label_lower, str(user.pk), reason=reason, channel=Channel.ADMIN)
    return code


def use_emergency_code(factor: Authenticator, code: str) -> bool:
    """Use a code up. Of two calls with one code at the same time, one returns True."""
    made = factor.data.get(EMERGENCY)
    if made is None or _is_over(made) or not check_password(code, made["hash"]):
        return False
    with transaction.atomic():
        row = Authenticator.objects.select_for_update(no_key=True).filter(pk=factor.pk).first()
        if row is None or row.data.get(EMERGENCY) != made:
            return False
        del row.data[EMERGENCY]
        row.save(update_fields=["data"])
        factor.data = row.data
    record("emergency_code_used", "ok", account=factor.user_id)
    return True


def _is_over(made: dict[str, str]) -> bool:
    return clock.now() >= datetime.fromisoformat(made["until"])


@mail_kind(BREAK_GLASS)
def _told(mail: DeferredMail) -> EmailMultiAlternatives:
    whose = User.objects.get(pk=mail.about.split()[0])
    context = {"email": whose.email, "at": mail.created_at, "site": settings.SITE_URL}
    return message_to(mail.user, "account/email/break_glass", context)
