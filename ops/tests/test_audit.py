"""`manage.py audit`: silent about what the services do, and loud about every promise broken behind their back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from accounts.models import User
from accounts.recovery_codes import RecoveryCodes
from accounts.socket_tickets import issue_socket_ticket
from alerts.tests.scenes import make_alert
from backoffice.audit import ODD, VIOLATION, Check, Result
from ops.audit import all_checks
from ops.management.commands.audit import snapshot
from ops.tests.audit_plants import HOUR, NOW, OTHER_SIDES, PLANTS, Plant, one
from payments.audit import payments_follow_from_their_attempts
from payments.books.closing import close, next_month
from payments.books.counted_days import count_days
from payments.books.credits import Grant, give
from payments.books.ledger import book
from payments.books.refunds import refund
from payments.manual_entries import Proposal, propose
from payments.models import Payment, PromotionCode, Referral
from payments.models.ledger import EntryKind
from payments.provider.webhook import take_provider_event
from payments.states import CreditKind, ManualKind
from regions.models import Region
from regions.selectors import forget_regions
from requests_app import dead_letters, services
from requests_app.serving import availability, fulfilment
from requests_app.tests.scenes import held_and_paid_out, planned_and_shared
from rides.models import Ride
from rides.services import rate_ride, tip_ride
from risk.flags import clear, raise_flag
from risk.models import Flag
from risk.states import FlagKind
from tests.cast import (
    OUR_APPS,
    accept,
    client_of,
    decline,
    end,
    fresh,
    in_threads,
    make_applicant,
    make_partner,
    make_user,
    match,
    open_offer,
    start,
    submit,
)
from tests.settling import settle_in_cash


def audit(*options: str) -> str:
    """What the command prints. Raises `CommandError` where it finds a violation."""
    out = StringIO()
    call_command("audit", *options, stdout=out)
    return out.getvalue()


# ---------------------------------------------------------------- what the services do is fine


def ride_to(nyc: Region, name: str) -> Ride:
    request = submit(make_user(name))
    match(nyc)
    return accept(open_offer(request))


def booked_by_hand(ride: Ride, staff: User) -> None:
    for kind, of in ((ManualKind.USER_CHARGED, "tip"), (ManualKind.WRITTEN_OFF, "fare")):
        payment = Payment.objects.get(ride=ride, kind=of)
        propose(Proposal(kind, 100, "usd", "a broken pompom", payment_id=payment.pk), author=staff, now=NOW())


def closed_month(payment: Payment) -> None:
    """Something was booked long ago, and its month is closed."""
    book(EntryKind.USER_CHARGED, "of old", payment, 1, now=NOW() - 62 * 24 * HOUR)
    month = next_month()
    assert month is not None
    close(month, actor=None, now=NOW())
    book(EntryKind.USER_CHARGED, "yesterday", payment, 1, now=NOW() - 48 * HOUR)
    count_days(NOW())


@pytest.fixture
def history(nyc: Region, staff: User) -> None:
    """Something of everything that the services do."""
    for n in range(6):
        make_partner(f"Pia {n}")
    make_applicant("Ann")
    first = submit(make_user("Declined"))
    match(nyc)
    decline(open_offer(first))
    match(nyc)
    done = fresh(end(start(accept(open_offer(first)))))
    rate_ride(done, stars=5, comment="")
    tip_ride(done, amount=300, currency="usd", now=NOW())
    settle_in_cash(Payment.objects.get(ride=done, kind="tip"), actor=staff, now=NOW())
    refund(Payment.objects.get(ride=done, kind="tip"), amount=100, reason="a slip", actor=staff, now=NOW())
    booked_by_hand(done, staff)
    closed_month(done.payments.get(kind="tip"))
    held_and_paid_out(done, now=NOW())
    Region.objects.update(cancellation_grace_s=0, tax_name="VAT", tax_rate=19_000)
    forget_regions()
    late = ride_to(nyc, "Late")
    services.cancel_request(late.user, late.request_id, reason="", now=NOW())
    called_off = ride_to(nyc, "Called Off")
    fulfilment.cancel_by_partner(fresh(called_off.partner), called_off.pk, reason="flat tyre", now=NOW())
    stuck = ride_to(nyc, "Stuck")
    with transaction.atomic():
        give(Grant(stuck.user_id, CreditKind.APOLOGY, 300, "usd"), now=NOW())
    PromotionCode.objects.create(code="HELLO", amount=100, currency="usd", budget_amount=900, starts_at=NOW())
    given: Any = {"status": "given", "payment": Payment.objects.get(ride=late), "created_at": NOW(), "ended_at": NOW()}
    invited = Referral.objects.create(newcomer_id=late.user_id, referrer_id=done.user_id, **given)
    with transaction.atomic():
        give(Grant(late.user_id, CreditKind.REFERRAL, 100, "usd", referral_id=invited.pk), now=NOW())
    fulfilment.release_partner(start(stuck).partner, actor=staff, now=NOW())
    start(ride_to(nyc, "Running"))
    ride_to(nyc, "Waiting")
    dead = submit(make_user("Dead"), at=(40.60, -74.20), now=NOW() - HOUR)
    dead_letters.dead_letter(dead.pk, now=NOW())
    dead_letters.requeue_request(dead, actor=staff, now=NOW())
    given_up = submit(make_user("Given Up"), at=(40.60, -74.20), now=NOW() - HOUR)
    dead_letters.dead_letter(given_up.pk, now=NOW())
    planned_and_shared(make_user("Plans"), make_user("Waits"), now=NOW())
    make_partner("Quin")
    submit(make_user("Offered"))
    match(nyc)
    availability.go_offline(make_partner("Rob"), now=NOW())
    user = make_user("Caller")
    home = {"name": "Home", "location": {"lat": 40.75, "lng": -73.98}}
    client_of(user).post("/savedPlace", home, headers={"Idempotency-Key": "1"})
    issue_socket_ticket(user, now=NOW())
    RecoveryCodes.activate(user)
    take_provider_event({"id": "evt_1", "type": "payment_intent.created"}, now=NOW())
    raise_flag(FlagKind.TIP_OVER_CAP, now=NOW(), account_id=user.pk)
    make_alert(staff)
    clear(Flag.objects.get(account=user), actor=staff, now=NOW())
    applicant = make_applicant("Sue")
    for decision in ("approve", "suspend"):
        client_of(staff).post(f"/partner/{applicant.pk}/{decision}", {"reason": "We met her"})


@pytest.mark.usefixtures("history")
def test_what_the_services_do_keeps_every_promise() -> None:
    lines = audit("--live").splitlines()
    assert lines[-1] == f"All {len(all_checks())} promises hold."
    looked_at = {line.split()[0]: line.split()[1] for line in lines[1:-1]}
    idle = {name for name, rows in looked_at.items() if rows == "0"}
    assert idle == {"one_payment_per_provider_reference"}


@pytest.mark.django_db
def test_an_empty_database_keeps_every_promise() -> None:
    assert "promises hold" in audit("--live")


# ---------------------------------------------------------------- every check finds what it is there for


@pytest.fixture
def unguarded(history: None) -> None:
    """The same rows in temporary tables, which hide the real ones and have no constraint, no index, and no key."""
    schema = "main" if connection.vendor == "sqlite" else "public"
    ours = [model for app in (*OUR_APPS, "api") for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        for model in (*ours, AuthToken, Authenticator):
            table = model._meta.db_table
            cursor.execute(f'CREATE TEMPORARY TABLE "{table}" AS SELECT * FROM {schema}."{table}"')  # noqa: S608


CONSTRAINTS = "declared_constraints_are_enforced"  # looks at the real tables: test_constraints.py breaks it


def test_every_check_is_tried() -> None:
    assert {*PLANTS, CONSTRAINTS} == {check.name for check in all_checks()}


@contextmanager
def planted(plant: Plant) -> Iterator[None]:
    """The rows with something wrong, and as they were again afterwards."""
    with transaction.atomic():
        plant()
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("unguarded")
def test_every_check_finds_what_it_is_there_for(subtests: pytest.Subtests) -> None:
    for check in (check for check in all_checks() if check.name != CONSTRAINTS):
        with subtests.test(check.name):
            assert check.look(NOW()).wrong == 0
            with planted(PLANTS[check.name]):
                found = check.look(NOW())
                assert found.wrong >= 1
                assert found.examples
                assert is_refused(check.name) == (check.kind == VIOLATION)
                assert is_refused(check.name, "--live") == (check.kind != ODD)


def is_refused(name: str, *options: str) -> bool:
    """Whether the command fails over one check. If it doesn't, it warns."""
    try:
        said = audit("--only", name, *options)
    except CommandError:
        return True
    assert "warning" in said
    return False


@pytest.mark.usefixtures("unguarded")
def test_and_its_other_side(subtests: pytest.Subtests) -> None:
    for name, plant in OTHER_SIDES:
        with subtests.test(name), planted(plant):
            assert is_refused(name)


# ---------------------------------------------------------------- the command


@pytest.mark.usefixtures("history")
def test_it_says_which_rows() -> None:
    ride = one(Ride, status="completed")
    ride.update(fare_amount=1)
    out = StringIO()
    with pytest.raises(CommandError, match="2 of"):  # the payment no longer fits, either
        call_command("audit", stdout=out)
    assert f"Not so: {ride.get().pk}" in out.getvalue()
    assert "VIOLATION" in out.getvalue()


@pytest.mark.django_db
def test_an_unknown_check() -> None:
    with pytest.raises(CommandError, match="No such check: nonsense"):
        audit("--only", "nonsense")


@pytest.mark.django_db(transaction=True)
def test_it_changes_nothing_and_leaves_no_transaction_behind() -> None:
    make_user("Ada")
    assert "promises hold" in audit()
    assert not connection.in_atomic_block
    make_user("Grace")
    assert User.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_it_sees_one_moment_and_holds_nobody_up() -> None:
    def write() -> None:
        make_user("Grace")
        connection.close()

    with snapshot():
        assert User.objects.count() == 0
        writer = Thread(target=write)
        writer.start()
        writer.join(10)
        assert not writer.is_alive()
        assert User.objects.count() == 0
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_no_snapshot_lasts_longer_than_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(now: datetime) -> Result:
        seen.append(User.objects.count())
        in_threads(lambda: make_user(f"Grace {len(seen)}"))
        assert User.objects.count() == seen[-1]
        return Result(1)

    checks = [Check("first", "Something.", look), Check("second", "Something else.", look)]
    monkeypatch.setattr("ops.management.commands.audit.all_checks", lambda: checks)
    assert "promises hold" in audit()
    assert seen == [0, 1]


@pytest.mark.usefixtures("history")
def test_attempts_are_read_for_many_payments_together(staff: User) -> None:
    for payment in Payment.objects.filter(status="due"):
        settle_in_cash(payment, actor=staff, now=NOW())
    assert Payment.objects.filter(status="paid").count() > 1
    with CaptureQueriesContext(connection) as captured:
        assert sum(part.wrong for part in payments_follow_from_their_attempts(NOW())) == 0
    assert len(captured) == 2
