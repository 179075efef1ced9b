"""The checks at dawn: attempts, decisions, staff actions, ledger, alerts, pages and the audit tell one story."""

import json
import re
from collections import Counter

from alerts.models import Alert
from alerts.states import AlertStatus
from backoffice.models import Channel, StaffAction
from payments.models import Entry, Hold, Payment
from payments.models.ledger import EntryKind, LedgerAccount
from payments.states import HoldStatus
from requests_app.matching.decisions import chosen_again, explained
from requests_app.models import CheerRequest, Offer
from requests_app.reasons import RequestClosed
from requests_app.records import STAFF, Look, LookResult
from requests_app.states import OfferStatus
from testbed.processes import wait_until
from tests.night.cast import User
from tests.night.scenes import NO_PARTNERS, SOON_S, Night, ride_of

LOOKS_MAX = 12  # of a request that was given up
REQUEUED_BY = {"Bob": "directed by staff", "Carla": "assigned by staff"}
EVERY_RIDE = {EntryKind.OWED, EntryKind.SHARE, EntryKind.COLLECTED}
GIVEN_BACK = {EntryKind.REFUNDED, EntryKind.SHARE_REVERSED}


def _name_of(actor: object) -> str:
    return getattr(actor, "name", "") or ""


def the_alerts_are_over(night: Night) -> None:
    """The alert that Nora took on resolved once its cause had gone, and was not escalated."""
    first = Alert.objects.filter(rule=NO_PARTNERS).earliest("fired_at")
    steps = [(step.new, _name_of(step.actor), step.reason) for step in first.transitions.select_related("actor")]
    assert steps == [
        (AlertStatus.FIRING, "", ""),
        (AlertStatus.ACKNOWLEDGED, "Nora", "I call them in"),
        (AlertStatus.RESOLVED, "", "its cause has gone"),
    ]
    wait_until(
        lambda: not Alert.objects.filter(rule=NO_PARTNERS).exclude(status=AlertStatus.RESOLVED).exists(),
        SOON_S,
        "no request waits for nobody",
    )


def the_attempts_say_why_nobody_came(night: Night) -> None:
    """Each look at a request before it was given up found nobody near, and few rows tell it."""
    for user in night.waiting:
        given_up = CheerRequest.history.objects.get(subject=user.request, new="no_match").at
        looks = list(Look.objects.filter(request=user.request, first_at__lte=given_up))
        assert 1 <= len(looks) <= LOOKS_MAX
        assert {(look.result, look.searched) for look in looks} == {(LookResult.NOBODY_NEAR, 0)}
        assert sum(look.count for look in looks) == looks[-1].attempts


def each_request_has_one_history(night: Night) -> None:
    """Given up by the program, put back by Nora, and served."""
    assert _history_of(night.ada) == [
        ("pending", "its user"),
        ("offered", ""),
        ("accepted", "Partner"),
        ("completed", "Partner"),
    ]
    for user in night.waiting:
        by_staff = user in (night.bob, night.carla)
        assert _history_of(user) == [
            ("pending", "its user"),
            ("no_match", ""),
            ("pending", "Nora"),
            ("offered", "Nora" if by_staff else ""),
            ("accepted", "Nora" if user is night.carla else "Partner"),
            ("completed", "Partner"),
        ], user.name
        died, back = CheerRequest.history.objects.filter(subject=user.request)[1:3]
        assert (died.reason, back.reason) == (
            RequestClosed.NO_PARTNER_NEARBY,
            REQUEUED_BY.get(user.name, "requeued by staff"),
        )


def _history_of(user: User) -> list[tuple[str, str]]:
    """The statuses of a request in order, each with who has brought it about."""
    steps = CheerRequest.history.objects.filter(subject=user.request).select_related("actor")
    names = {user.name: "its user"}
    return [(step.new, names.get(_name_of(step.actor), _name_of(step.actor).partition(" ")[0])) for step in steps]


def each_offer_has_its_decision(night: Night) -> None:
    """One offer for each request, accepted, and from its decision the same partner is chosen again."""
    offers = {offer.request_id: offer for offer in Offer.objects.all()}
    assert Offer.objects.count() == len(offers) == len(night.users)
    named = {night.bob.request: night.partners[0], night.carla.request: night.partners[1]}
    for request, offer in offers.items():
        assert offer.status == OfferStatus.ACCEPTED
        assert chosen_again(offer) == offer.partner_id == ride_of(request).partner_id
        found = explained(offer)
        assert (found.by == STAFF) == (request in named)
        if request in named:
            assert str(offer.partner_id) == named[request].partner_id
    forced = Offer.objects.get(request=night.carla.request).transitions.get(new=OfferStatus.ACCEPTED)
    assert _name_of(forced.actor) == "Nora"


def the_staff_actions_say_who_did_what_and_why(night: Night) -> None:
    """All of them are Nora's, in order, each with its reason."""
    done = [
        (each.actor.name, each.action, each.subject, each.reason)
        for each in StaffAction.objects.select_related("actor").order_by("number")
    ]
    alert = Alert.objects.filter(rule=NO_PARTNERS).earliest("fired_at")
    policy, refunded = _subject_of("add"), Payment.objects.get(user__name="Ada")
    assert done == [
        ("Nora", "acknowledge", str(alert.pk), "I call them in"),
        ("Nora", "add", policy, ""),
        ("Nora", "direct", str(night.bob.request), "Agreed on the phone"),
        ("Nora", "assign", str(night.carla.request), "She has waited longest"),
        ("Nora", "refund", str(refunded.pk), "Too quiet"),
        *(("Nora", "requeue", str(user.request), "Partners are coming") for user in night.many),
    ]
    by_api = StaffAction.objects.filter(channel=Channel.API)
    assert by_api.count() == len(done) - 2
    assert not by_api.filter(call="").exists()


def _subject_of(action: str) -> str:
    return StaffAction.objects.get(action=action).subject


def the_ledger_says_who_paid(night: Night) -> None:
    """Everybody has paid for one session, and Ada has it back. Nothing is owed, and no hold is left."""
    sums: Counter[str] = Counter()
    for user in night.users:
        payment = Payment.objects.get(ride__request=user.request)
        entries = list(payment.entries.all())
        assert {entry.kind for entry in entries} == EVERY_RIDE | (GIVEN_BACK if user is night.ada else set()), user.name
        assert payment.refunded_amount == (payment.amount if user is night.ada else 0)
        owed = _balances(entries)
        assert owed[LedgerAccount.RECEIVABLE] == 0
        assert (owed[LedgerAccount.PROVIDER] == 0) == (user is night.ada)
        sums.update(owed)
    assert sum(sums.values()) == 0
    assert sums[LedgerAccount.PROVIDER] == sum(payment.amount for payment in Payment.objects.exclude(user__name="Ada"))
    for user in night.waiting:
        held = Hold.objects.filter(request=user.request).order_by("number").values_list("status", flat=True)
        assert list(held) == [HoldStatus.RELEASED, HoldStatus.CAPTURED], user.name


def _balances(entries: list[Entry]) -> Counter[str]:
    """Debits less credits, by account."""
    sums: Counter[str] = Counter()
    for entry in entries:
        sums[entry.debit] += entry.amount
        sums[entry.credit] -= entry.amount
    return sums


def the_users_see_it_on_their_pages(night: Night) -> None:
    """Each has been cheered; Ada's receipt says what she was given back."""
    for user in night.users:
        answer = user.http.get(f"/cheerRequest/{user.request}").json()
        assert (answer["status"], answer["reason"]) == ("completed", None)
    for name, user in (("Bob", night.bob), ("Carla", night.carla)):
        screen = night.screens[name].data(f"/cheer/{user.request}")
        assert (screen["request"]["status"], screen["ride"]["status"]) == ("completed", "completed")
        assert "refunded" not in night.screens[name].text(_receipt_of(user))
    assert "refunded" in night.screens["Ada"].text(_receipt_of(night.ada))


def _receipt_of(user: User) -> str:
    return f"/ride/{ride_of(user.request).pk}/receipt"


def boston_was_never_told(night: Night) -> None:
    """In all frames of the night there is no other region than their own, and no request or partner of New York."""
    said = json.dumps(night.page_of_boston.frames)
    regions = {frame["region"] for frame in night.page_of_boston.frames if "region" in frame}
    assert regions == {"boston"}
    assert night.page_of_boston.is_open
    ids: list[object] = [
        *(user.request for user in night.users),
        *(one.partner_id for one in night.partners),
    ]
    assert "nyc" not in said
    assert not any(str(pk) in said for pk in ids)


def the_audit_finds_nothing(night: Night) -> None:
    """Every promise holds, among them the chain of the staff actions, and the provider's books are ours."""
    said = night.program.stack.manage("audit", "--live")
    [checked] = re.findall(r"^staff_actions_are_a_chain +(\d+) +0 +ok$", said, re.MULTILINE)
    assert int(checked) == StaffAction.objects.count()
    assert "promises hold" in said
    assert night.program.stack.manage("reconcile").strip().endswith("0 repaired, 0 differ.")
