"""Files with an account's data: asked for on a page, made by a worker part by part, kept for some days.

A file may take minutes and have any size, so it is written as compressed parts, each of which is a row: no process
holds more than one part, and any process can hand the file out.
"""

import logging
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts.deferred_mails import mail_kind, mail_later
from accounts.mails import message_to
from accounts.models import DeferredMail, User
from core import clock
from core.errors import Conflict
from core.failures import code_of
from core.ids import new_id
from core.jobs import DueRows, retry_delay
from core.pruning import kept_for
from web.models import DataExport, DataExportPart
from web.privacy.export import pieces

log = logging.getLogger(__name__)

EXPORTS = DueRows(DataExport, "due_at", "make_export")
PART_BYTES = 256 * 1024  # compressed
TRIES_MAX = 5
AGAIN_AFTER = timedelta(hours=1)
GZIP = 16 + zlib.MAX_WBITS


def request_export(user: User, *, now: datetime) -> DataExport:
    """Ask for a file, in place of an earlier one.

    Raises: `Conflict` if one is being made, or was made within `AGAIN_AFTER`.
    """
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        earlier = DataExport.objects.filter(user=user).first()
        if earlier is not None:
            if earlier.due_at is not None:
                raise Conflict("export_in_the_making", "The file is being made already.")
            if earlier.ready_at is not None and earlier.requested_at > now - AGAIN_AFTER:
                raise Conflict("export_made_lately", "A file was made within the last hour.")
            earlier.delete()
        export = DataExport.objects.create(user=user, requested_at=now, due_at=now)
        EXPORTS.enqueue_on_commit(export.pk)
    return export


def sweep_exports(now: datetime) -> None:
    """Enqueue the files that are to be made."""
    EXPORTS.enqueue_due(now)


def make_export(export_id: UUID) -> None:
    """Make a file. After `TRIES_MAX` tries, of which a dead worker's counts as one, it has failed."""
    with EXPORTS.leased(export_id) as mine:
        if not mine:
            return
        DataExport.objects.filter(pk=export_id).update(tries=F("tries") + 1)
        export = DataExport.objects.select_related("user").get(pk=export_id)
        if export.tries > TRIES_MAX or not export.user.is_active:
            _fail(export)
            return
        making = new_id()
        try:
            _make(export, making)
        except Exception as error:
            DataExportPart.objects.filter(making=making, export=export_id).delete()
            if DataExport.objects.filter(pk=export_id).exists():  # else the account was deleted meanwhile
                log.exception("export %s was not made", export_id)
                EXPORTS.failed(export_id, code_of(error), clock.now() + retry_delay(export.tries))


def ready_export(user: User, *, now: datetime) -> DataExport | None:
    """Return the account's file, if it can be downloaded."""
    return DataExport.objects.filter(user=user, ready_at__isnull=False, expires_at__gt=now).first()


def body_of(export: DataExport) -> Iterator[bytes]:
    """Yield a file's text, part by part."""
    unpacker = zlib.decompressobj(GZIP)
    parts, number = DataExportPart.objects.filter(export=export, making=F("export__making")), 0
    while part := parts.filter(number=number).first():
        yield unpacker.decompress(bytes(part.body))
        number += 1
    yield unpacker.flush()


def _make(export: DataExport, making: UUID) -> None:
    for number, body in enumerate(_packed(pieces(export.user, now=clock.now()))):
        DataExportPart.objects.create(export=export, making=making, number=number, body=body)
    now = clock.now()
    with transaction.atomic():
        mine = _end(export, making=making, ready_at=now)
        if mine:
            mail_later("data_export", export.user, about=export.pk, until=now + kept_for("EXPORTS_KEPT_DAYS"), now=now)
        others = DataExportPart.objects.filter(export=export)
        (others.exclude(making=making) if mine else others.filter(making=making)).delete()


def _fail(export: DataExport) -> None:
    with transaction.atomic():
        if _end(export, failed_at=clock.now()):
            DataExportPart.objects.filter(export=export).delete()
            if export.user.is_active:
                EXPORTS.given_up(export.pk, "too_many_tries")


def _end(export: DataExport, **changes: object) -> bool:
    """Return whether this try is the one that ends the making; another worker's may have been first."""
    expires_at = clock.now() + kept_for("EXPORTS_KEPT_DAYS")
    still = DataExport.objects.filter(pk=export.pk, due_at__isnull=False)
    return bool(still.update(due_at=None, expires_at=expires_at, **changes))


def _packed(texts: Iterable[str]) -> Iterator[bytes]:
    """Compress texts into parts of about `PART_BYTES`."""
    packer = zlib.compressobj(wbits=GZIP)
    part = bytearray()
    for text in texts:
        part += packer.compress(text.encode())
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    yield bytes(part) + packer.flush()


@mail_kind("data_export")
def _ready(mail: DeferredMail) -> EmailMultiAlternatives | None:
    export = ready_export(mail.user, now=clock.now())
    if export is None or str(export.pk) != mail.about:
        return None
    context = {"url": settings.SITE_URL + reverse("account-data"), "until": export.expires_at}
    return message_to(mail.user, "account/email/data_export", context)
