"""Applications of partners, and the decisions on them."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import ApplicationTransition, DeferredMail, Partner, Role, User
from accounts.partners import move_partners, notify_partner_updated
from accounts.states import APPLICATION_GRAPH, Application, PartnerStatus
from api.idempotency import effect
from core.database import refused_as
from core.errors import Conflict, Forbidden
from core.texts import unlinked
from notifications.events import recorded
from risk.states import TraceKind
from risk.traces import leave_trace


def apply_as_partner(user: User, *, name: str, type: str, phone: str, now: datetime) -> Partner:
    """Make a user a partner awaiting approval.

    Raises:
        Conflict: the account has applied already.
        Forbidden: the account is staff.
    """
    if user.role == Role.STAFF:
        raise Forbidden("permission_denied", "Staff can't become partners.")
    with effect() as answer:
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        applied = Conflict("already_applied", "This account has applied already.")
        if Partner.objects.filter(user=locked).exists():
            raise applied
        partner = Partner(user=locked, name=name, type=type, phone=phone, status_since=now, created_at=now)
        with refused_as({"accounts_partner.user_id": applied}), transaction.atomic():
            partner.create(actor=user, at=now)
        ApplicationTransition.objects.create(subject=partner, new=Application.APPLIED, actor=user, at=now)
        User.objects.filter(pk=user.pk).update(role=Role.PARTNER)
        leave_trace(user.pk, TraceKind.PHONE, phone, now=now)
        answer.result(partner)
    user.role = Role.PARTNER
    return partner


def decide_application(
    partner: Partner, decision: str, *, actor: User | None, now: datetime, reason: str = "", notify: bool = True
) -> Partner:
    """Approve, reject or suspend an application.

    Args:
        actor: the account that decides; None for the program itself, which sends no event.
        notify: whether to send a mail to the partner.

    Raises:
        Conflict: the application's state does not allow it, or the partner has an offer or a ride.
    """
    with recorded() as outbox:
        locked = Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
        old = locked.application
        if not APPLICATION_GRAPH.allows(old, decision):
            raise Conflict("wrong_state", "An application that is %(old)s can't become %(new)s.", old=old, new=decision)
        if decision != Application.APPROVED and locked.status in (PartnerStatus.OFFERED, PartnerStatus.BUSY):
            raise Conflict("partner_at_work", "This partner has an offer or a ride; release them first.")
        if locked.status == PartnerStatus.AVAILABLE and decision != Application.APPROVED:
            move_partners([locked], PartnerStatus.OFFLINE, actor=actor, at=now, reason=f"application {decision}")
        Partner.objects.filter(pk=locked.pk).update(application=decision)
        step = ApplicationTransition.objects.create(
            subject=locked, old=old, new=decision, actor=actor, reason=reason, at=now
        )
        locked.application = decision
        if actor is not None:
            notify_partner_updated(outbox, locked)
        if notify:
            mail_later("application_decision", locked.user, about=step.pk, now=now)
        outbox.result(locked)
    partner.application = decision
    return locked


@mail_kind("application_decision")
def _decision(mail: DeferredMail) -> EmailMultiAlternatives | None:
    """Compose the mail about a decision, unless it has changed since."""
    step = ApplicationTransition.objects.select_related("subject").filter(pk=mail.about).first()
    if step is None or step.subject.application != step.new:
        return None
    context = {"name": unlinked(step.subject.name), "site": settings.SITE_URL}
    return message_to(mail.user, f"account/email/application_{step.new}", context)
