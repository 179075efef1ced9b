"""Audit checks of the event log."""

from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, Subquery, Window
from django.db.models.functions import Lag

from backoffice.audit import Checks, Result, unless, wrong_rows
from notifications.models import Event, Stream

CHECKS = Checks()


@CHECKS
def events_have_no_gap(now: datetime) -> Result:
    """The stored events of a recipient are numbered without a gap."""
    before = Window(Lag("seq"), partition_by="recipient", order_by="seq")
    events = Event.objects.annotate(_before=before)
    return wrong_rows(Event.objects.all(), events.filter(_before__isnull=False).exclude(seq=F("_before") + 1))


@CHECKS
def streams_end_with_their_newest_event(now: datetime) -> Result:
    """The newest stored event of a recipient has the number in the recipient's counter."""
    newest = Subquery(Event.objects.filter(recipient=OuterRef("pk")).order_by("-seq").values("seq")[:1])
    streams = Stream.objects.annotate(_newest=newest)
    return wrong_rows(Stream.objects.all(), streams.filter(_newest__isnull=False).exclude(_newest=F("last_seq")))


@CHECKS
def events_have_a_stream(now: datetime) -> Result:
    """Every event's recipient has a counter."""
    events = Event.objects.all()
    return wrong_rows(events, events.exclude(Exists(Stream.objects.filter(pk=OuterRef("recipient")))))


@CHECKS
def nothing_unsent_is_acknowledged(now: datetime) -> Result:
    """No recipient has acknowledged more than it was sent."""
    return unless(Stream.objects.all(), Q(acked_seq__gte=0, last_seq__gte=F("acked_seq")))
