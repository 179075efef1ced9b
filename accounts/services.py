"""Writes about people: accounts, tokens, applications, presence and positions."""

import hashlib
import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import password_validation
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext_noop
from knox.models import AuthToken

import positions
from accounts.authentication import session_credential, token_credential
from accounts.models import ApplicationTransition, Partner, Role, SocketTicket, User
from accounts.states import APPLICATION_GRAPH, Application, PartnerStatus
from accounts.tasks import mail_on_commit
from api.throttles import Rate
from core import valkey
from core.errors import Conflict, Forbidden, Invalid, ServiceError
from core.transitions import move_all
from notifications.events import Outbox, close_sockets, partner_recipient, recorded
from notifications.web_push import forget_devices
from positions import Position, Report
from positions.reporting import save
from regions.selectors import active_regions, region_at

log = logging.getLogger(__name__)


class WrongCredentials(ServiceError):
    status = 401
    default_code = "authentication_failed"
    default_detail = gettext_noop("This e-mail address and password do not belong together.")


class SecondFactorRequired(ServiceError):
    status = 401
    default_code = "mfa_required"
    default_detail = gettext_noop("This account has a second factor: send the code of its authenticator app as `otp`.")


class WrongSecondFactor(ServiceError):
    status = 401
    default_code = "mfa_failed"
    default_detail = gettext_noop("This code is wrong, or was used before.")


class TooManyAttempts(ServiceError):
    status = 429
    default_code = "throttled"
    default_detail = gettext_noop("Too many failed attempts. Try again later.")

    def __init__(self, wait_s: float) -> None:
        self.wait_s = max(1.0, wait_s)
        super().__init__()


# ---------------------------------------------------------------- accounts and tokens


def sign_up(*, email: str, password: str, name: str) -> User:
    """Make a user account. Raises `Invalid` on a weak password or a taken address."""
    email = email.lower()
    try:
        password_validation.validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        told = " ".join(error.messages)
        raise Invalid("password_too_weak", told, "password") from None
    if User.objects.filter(email__iexact=email).exists():
        raise Invalid("email_taken", "An account with this e-mail address exists.", "email")
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name)
    except IntegrityError:
        raise Invalid("email_taken", "An account with this e-mail address exists.", "email") from None


def log_in(*, email: str, password: str, address: str, otp: str = "") -> tuple[User, AuthToken, str]:
    """Check credentials and issue a token, whose text is returned last and held nowhere.

    `otp`: for an account with a second factor, a code of its authenticator app or a recovery code. It is asked
    for only after the right password, and its failures are counted per account, wherever they come from.

    Failures are counted per address and account and per address. Whether the account exists shows
    neither in the answer nor in the time it takes: an unknown address is hashed for as well.
    Raises `WrongCredentials`, `SecondFactorRequired`, `WrongSecondFactor`, `TooManyAttempts`.
    """
    limits = [("login_pair", f"{address} {email.lower()}"), ("login_address", address)]
    for scope, who in limits:
        if (wait_s := Rate.named(scope).full(scope, who)) is not None:
            raise TooManyAttempts(wait_s)
    user = ModelBackend().authenticate(None, username=email.lower(), password=password)
    if not isinstance(user, User):
        for scope, who in limits:
            Rate.named(scope).hit(scope, who)
        raise WrongCredentials
    if is_mfa_enabled(user):
        _check_second_factor(user, otp)
    token, text = AuthToken.objects.create(user)
    return user, token, text


def _check_second_factor(user: User, otp: str) -> None:
    if not otp:
        raise SecondFactorRequired(attr="otp")
    if (wait_s := Rate.named("login_otp").full("login_otp", str(user.pk))) is not None:
        raise TooManyAttempts(wait_s)
    types = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    for factor in Authenticator.objects.filter(user=user, type__in=types):
        if factor.wrap().validate_code(otp.replace(" ", "")):
            factor.record_usage()
            return
    Rate.named("login_otp").hit("login_otp", str(user.pk))
    raise WrongSecondFactor(attr="otp")


def log_out(token: AuthToken) -> None:
    """Revoke one token, and close the sockets that live by it."""
    credential = token_credential(token.digest)
    token.delete()
    end_credential(credential)


def close_sockets_of_session(*, request: HttpRequest, **_: object) -> None:
    """Somebody signs out on the pages: close the sockets that live by that session."""
    session = getattr(request, "session", None)
    if session is not None and session.session_key:
        end_credential(session_credential(session.session_key))


def end_credential(credential: str) -> None:
    """Void what was had by a token or session that has just ended: its tickets, its sockets, its browser's pushes."""
    SocketTicket.objects.filter(credential=credential).delete()
    forget_devices(credential=credential)
    close_sockets(code=4401, credential=credential)


def issue_socket_ticket(user: User, *, now: datetime, credential: str = "") -> tuple[str, datetime]:
    """A single-use ticket for a socket, and when it lapses. The socket ends with the credential named."""
    ticket, expires_at = secrets.token_urlsafe(24), now + timedelta(seconds=settings.SOCKET_TICKET_TTL_S)
    SocketTicket.objects.create(digest=_digest(ticket), user=user, credential=credential, expires_at=expires_at)
    return ticket, expires_at


def redeem_socket_ticket(ticket: str, *, now: datetime) -> tuple[User | None, str]:
    """The account that a ticket stands for, once, and the credential it was had by.

    No account where the ticket is unknown, used or lapsed.
    """
    held = SocketTicket.objects.select_related("user__partner__region").filter(digest=_digest(ticket)).first()
    # The deletion's row count says which of two redemptions won.
    if held is None or not SocketTicket.objects.filter(pk=held.pk).delete()[0]:
        return None, ""
    good = held.expires_at > now and held.user.is_active
    return (held.user, held.credential) if good else (None, "")


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


# ---------------------------------------------------------------- partners: application


def apply_as_partner(user: User, *, name: str, type: str, phone: str, now: datetime) -> Partner:
    """Turn a user into a partner who awaits approval. Raises `Conflict`, `Forbidden`."""
    if user.role == Role.STAFF:
        raise Forbidden("permission_denied", "Staff can't become partners.")
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        if Partner.objects.filter(user=locked).exists():
            raise Conflict("already_applied", "This account has applied already.")
        partner = Partner(user=locked, name=name, type=type, phone=phone, status_since=now, created_at=now)
        try:
            with transaction.atomic():
                partner.begin(actor=user, at=now)
        except IntegrityError:
            raise Conflict("already_applied", "This account has applied already.") from None
        ApplicationTransition.objects.create(subject=partner, new=Application.APPLIED, actor=user, at=now)
        User.objects.filter(pk=user.pk).update(role=Role.PARTNER)
    user.role = Role.PARTNER
    return partner


def decide_application(
    partner: Partner, decision: str, *, actor: User | None, now: datetime, reason: str = "", tell: bool = True
) -> None:
    """Approve, reject or suspend, and `tell` the partner, by event and by mail.

    Raises `Conflict` where it can't follow, or while the partner has work in hand.
    """
    with recorded() as outbox:
        locked = Partner.objects.select_for_update().get(pk=partner.pk)
        old = locked.application
        if not APPLICATION_GRAPH.allows(old, decision):
            raise Conflict("wrong_state", "An application that is %(old)s can't become %(new)s.", old=old, new=decision)
        if decision != Application.APPROVED and locked.status in (PartnerStatus.OFFERED, PartnerStatus.BUSY):
            raise Conflict("partner_at_work", "This partner has an offer or a ride; release them first.")
        if locked.status == PartnerStatus.AVAILABLE and decision != Application.APPROVED:
            move_partners([locked], PartnerStatus.OFFLINE, actor=actor, at=now, reason=f"application {decision}")
        Partner.objects.filter(pk=locked.pk).update(application=decision)
        ApplicationTransition.objects.create(subject=locked, old=old, new=decision, actor=actor, reason=reason, at=now)
        locked.application = decision
        if actor is not None:  # seeding has nobody to tell
            tell_partner_updated(outbox, locked)
        if tell:
            mail_on_commit("mail_decision", str(locked.pk), decision)
    partner.application = decision


def tell_partner_updated(outbox: Outbox, partner: Partner) -> None:
    """Tell a partner what somebody else has made of their application or status."""
    body = {"partnerId": str(partner.pk), "application": partner.application, "status": partner.status}
    outbox.add(partner_recipient(partner.pk), "partner.updated", body)


# ---------------------------------------------------------------- partners: presence and position


def move_partners(partners: Sequence[Partner], new: str, *, actor: User | None, at: datetime, reason: str = "") -> None:
    """Move partners seen in one status to another, in the database now and in the searchable set on commit.

    Call it inside a transaction. Raises `Conflict`, as `move_all` does.
    """
    move_all(partners, new, actor=actor, at=at, reason=reason, status_since=at)
    change = positions.enter if new == PartnerStatus.AVAILABLE else positions.leave
    slugs = {region.pk: region.slug for region in active_regions()}
    for slug in {slugs[p.region_id] for p in partners if p.region_id in slugs}:
        ids = [p.pk for p in partners if p.region_id and slugs.get(p.region_id) == slug]
        transaction.on_commit(partial(change, slug, ids))


def _nobody(region_slug: str) -> None:
    pass


def report_position(
    partner: Partner, position: Position, *, now: datetime, on_entered: Callable[[str], object] = _nobody
) -> str | None:
    """Take a partner's position: hold it, put them on the map, forward it to the user they serve.

    A position not newer than the one held is dropped. One recorded in the future is taken as recorded now:
    device clocks err. While Valkey is away the position goes to the database instead.
    `on_entered` is called with the slug of the region where it makes a partner searchable, who was not before.
    Returns that slug, too, unless the position waits a moment for others (see `positions.reporting`).
    """
    if position.recorded_at > now:
        position = Position(position.lat, position.lng, now)
    region = region_at(position.lat, position.lng)
    if region is not None and region.id != partner.region_id:
        if _newer_is_held(partner, position):
            return None
        _enter_region(partner, region.pk)
    report, home = Report(partner.id, position, now, on_entered), partner.region
    if home is None:
        save([report])
        return None
    try:
        recorded = positions.reports.take(home.slug, report)
    except valkey.Unreachable:
        save([report])
        return None
    if partner.position_at is None and (recorded is None or recorded.applied):
        save([report])
        partner.position_at = now
    return home.slug if recorded is not None and recorded.entered else None


def _newer_is_held(partner: Partner, position: Position) -> bool:
    """Whether an equally new or newer position is held. A delayed one must not carry a partner back over a border."""
    if partner.region is None:
        return False
    try:
        held = positions.held(partner.region.slug, [partner.pk]).get(partner.pk)
    except valkey.Unreachable:
        return False
    return held is not None and held[0].recorded_at >= position.recorded_at


def _enter_region(partner: Partner, region_id: UUID) -> None:
    """Note that a partner is in another region than before, and make them searchable there if available."""
    old = partner.region.slug if partner.region else None
    Partner.objects.filter(pk=partner.pk).update(region_id=region_id)
    partner.refresh_from_db()
    if partner.region is None:
        return
    if old is not None:
        positions.hand_over(old, partner.region.slug, partner.pk)
    if partner.status == PartnerStatus.AVAILABLE:
        positions.enter(partner.region.slug, [partner.pk])


def rate_partner(partner_id: UUID, stars: int) -> None:
    """Count a rating of 1 to 5."""
    Partner.objects.filter(pk=partner_id).update(rating_sum=F("rating_sum") + stars, rating_count=F("rating_count") + 1)


def prune_tickets_and_tokens(now: datetime) -> None:
    """Delete lapsed tickets and expired tokens."""
    SocketTicket.objects.filter(expires_at__lt=now).delete()
    AuthToken.objects.filter(expiry__lt=now).delete()
