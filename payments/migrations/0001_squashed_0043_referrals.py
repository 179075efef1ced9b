"""The tables of payments with the triggers of their ledger, for a new database: one step in place of forty-three.

A database that has been through some of the forty-three goes on with the rest of them.
"""

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import core.ids

SQLITE = [
    """CREATE TRIGGER payments_entry_no_update BEFORE UPDATE ON payments_entry
       BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END""",
    """CREATE TRIGGER payments_entry_no_delete BEFORE DELETE ON payments_entry
       BEGIN SELECT RAISE(ABORT, 'payments_entry is append-only'); END""",
    """CREATE TRIGGER payments_entry_in_open_period BEFORE INSERT ON payments_entry
       WHEN EXISTS (SELECT 1 FROM payments_period WHERE ends_at > NEW.at)
       BEGIN SELECT RAISE(ABORT, 'the period of this entry is closed'); END""",
    """CREATE TRIGGER payments_entry_uncounts_its_day AFTER INSERT ON payments_entry
       BEGIN DELETE FROM payments_countedday WHERE day = date(NEW.at); END""",
]
POSTGRES = [
    """CREATE FUNCTION payments_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'payments_entry is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER payments_entry_append_only BEFORE UPDATE OR DELETE ON payments_entry
       FOR EACH ROW EXECUTE FUNCTION payments_entry_append_only()""",
    """CREATE FUNCTION payments_entry_in_open_period() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF EXISTS (SELECT 1 FROM payments_period WHERE ends_at > NEW.at) THEN
           RAISE EXCEPTION 'the period of this entry is closed' USING ERRCODE = 'integrity_constraint_violation';
         END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER payments_entry_in_open_period BEFORE INSERT ON payments_entry
       FOR EACH ROW EXECUTE FUNCTION payments_entry_in_open_period()""",
    """CREATE FUNCTION payments_entry_uncounts_its_day() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         DELETE FROM payments_countedday WHERE day = (NEW.at AT TIME ZONE 'UTC')::date;
         RETURN NULL;
       END $$""",
    """CREATE TRIGGER payments_entry_uncounts_its_day AFTER INSERT ON payments_entry
       FOR EACH ROW EXECUTE FUNCTION payments_entry_uncounts_its_day()""",
]


def guard_ledger(apps, schema_editor):
    """Let the database refuse changes of entries and entries into closed periods, and forget the sums of their days."""
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


def drop_functions(apps, schema_editor):
    """Drop what stays when a table goes with its triggers."""
    if schema_editor.connection.vendor == "postgresql":
        for name in ("append_only", "in_open_period", "uncounts_its_day"):
            schema_editor.execute(f"DROP FUNCTION payments_entry_{name}() CASCADE")


class Migration(migrations.Migration):
    replaces = [
        ("payments", "0001_initial"),
        ("payments", "0002_ledger_attempts_and_holds"),
        ("payments", "0003_open_the_books"),
        ("payments", "0004_append_only_ledger"),
        ("payments", "0005_refunds_that_fail_late"),
        ("payments", "0006_customers_whose_cards_are_forgotten"),
        ("payments", "0007_holds_for_bookings"),
        ("payments", "0008_payout_holds"),
        ("payments", "0009_frozen_payments"),
        ("payments", "0010_card_limits"),
        ("payments", "0011_customers_who_are_deleted"),
        ("payments", "0012_fewer_indexes"),
        ("payments", "0013_provider_events_by_age"),
        ("payments", "0014_several_transfers"),
        ("payments", "0015_payout_accounts_followed"),
        ("payments", "0016_covering_indexes_of_partners"),
        ("payments", "0017_parameters_of_calls"),
        ("payments", "0018_disputes_by_their_movements"),
        ("payments", "0019_accounts_of_disputes"),
        ("payments", "0020_unpaid_of_partners"),
        ("payments", "0021_debts_and_refusals"),
        ("payments", "0022_debts_by_partner"),
        ("payments", "0023_books_append_only_again"),
        ("payments", "0024_receipts_of_changes"),
        ("payments", "0025_payments_whose_receipt_is_due"),
        ("payments", "0026_manual_entries"),
        ("payments", "0027_manual_entries_checked"),
        ("payments", "0028_credits"),
        ("payments", "0029_indexes_of_credits"),
        ("payments", "0030_tax"),
        ("payments", "0031_tax_in_the_ledger"),
        ("payments", "0032_reminders"),
        ("payments", "0033_payments_to_be_reminded_of"),
        ("payments", "0034_periods"),
        ("payments", "0035_closed_periods"),
        ("payments", "0036_statements"),
        ("payments", "0037_promotion_codes"),
        ("payments", "0038_movements_and_differences"),
        ("payments", "0039_bank_in_the_ledger"),
        ("payments", "0040_refunds_decided"),
        ("payments", "0041_refunds_by_decision"),
        ("payments", "0042_counted_days"),
        ("payments", "0043_referrals"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0013_search_of_accounts"),
        ("regions", "0006_tax"),
        ("requests_app", "0008_terms"),
        ("rides", "0008_tax"),
    ]

    operations = [
        migrations.CreateModel(
            name="PromotionCode",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "code",
                    models.CharField(
                        help_text="As users type it, in capital letters.",
                        max_length=24,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z0-9-]{4,}$", "Four capital letters, digits or hyphens at least."
                            )
                        ],
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("amount", models.PositiveIntegerField(help_text="Minor units of credit; of a share, the most.")),
                (
                    "share_bps",
                    models.PositiveIntegerField(
                        blank=True, help_text="Empty, or the share of one fare that is paid: 2500 is 25%.", null=True
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("first_cheer", models.BooleanField(default=False, help_text="For somebody's first cheer only.")),
                (
                    "per_person",
                    models.PositiveSmallIntegerField(default=1, help_text="How often one person may use it."),
                ),
                ("budget_amount", models.PositiveIntegerField(help_text="Minor units that may be given.")),
                (
                    "given_amount",
                    models.PositiveIntegerField(default=0, editable=False, help_text="Minor units given so far."),
                ),
                (
                    "credit_days",
                    models.PositiveSmallIntegerField(default=30, help_text="How long the credit can be spent."),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                (
                    "region",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Where the credit can be spent; empty: wherever its currency is.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.region",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("given_amount__gte", 0), ("given_amount__lte", models.F("budget_amount"))),
                        name="promotion_within_budget",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("credit_days__gt", 0), ("per_person__gt", 0)),
                        name="promotion_gives_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("share_bps", None),
                            models.Q(("share_bps__gt", 0), ("share_bps__lte", 10000)),
                            _connector="OR",
                        ),
                        name="promotion_share_is_a_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"),
                        name="promotion_ends_after_start",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("fare", "Fare"),
                            ("cancellation_fee", "Cancellation fee"),
                            ("no_show_fee", "No-show fee"),
                            ("tip", "Tip"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                ("refunded_amount", models.PositiveIntegerField(default=0, help_text="Minor units given back so far.")),
                ("currency", models.CharField(max_length=3)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("processing", "Processing"),
                            ("requires_action", "Waiting for the user"),
                            ("paid", "Paid"),
                            ("failed", "Failed"),
                            ("partially_refunded", "Partially refunded"),
                            ("refunded", "Refunded"),
                        ],
                        default="due",
                        max_length=20,
                    ),
                ),
                ("third_party_reference_id", models.CharField(blank=True, db_index=True, max_length=255)),
                ("created_at", models.DateTimeField()),
                (
                    "ride",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="rides.ride",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "collecting_amount",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Minor units that open and successful attempts collect: never more than is owed.",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.partner",
                    ),
                ),
                (
                    "partner_share",
                    models.PositiveIntegerField(default=0, help_text="Minor units of the amount for the partner."),
                ),
                (
                    "frozen",
                    models.BooleanField(
                        default=False,
                        help_text="The user disputes the session: nothing is collected until staff decide.",
                    ),
                ),
                (
                    "receipt_due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When a receipt of what has changed is to be mailed; empty once one was.",
                        null=True,
                    ),
                ),
                (
                    "told_amount",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Minor units that the last mailed bill says are paid and not given back.",
                        null=True,
                    ),
                ),
                (
                    "written_off",
                    models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Minor units that the user owes, but that we no longer expect.",
                    ),
                ),
                (
                    "credit_amount",
                    models.PositiveIntegerField(
                        db_default=0, default=0, help_text="Minor units paid with credit, before refunds."
                    ),
                ),
                (
                    "tax_amount",
                    models.PositiveIntegerField(
                        db_default=0, default=0, help_text="Minor units of the amount for the tax office."
                    ),
                ),
                (
                    "given_up_at",
                    models.DateTimeField(
                        blank=True, help_text="Since when nothing is tried by itself any more: staff decide.", null=True
                    ),
                ),
                (
                    "reminder_due_at",
                    models.DateTimeField(
                        blank=True, help_text="When its user is reminded again, or it is given up.", null=True
                    ),
                ),
                (
                    "reminders",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="How often its user was reminded that it is not paid."
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-created_at"], name="payment_user"),
                    models.Index(fields=["status"], name="payment_status"),
                    models.Index(
                        condition=models.Q(("status__in", ["due", "processing", "requires_action", "failed"])),
                        fields=["partner", "currency"],
                        include=("partner_share",),
                        name="payment_unpaid_of_partner",
                    ),
                    models.Index(
                        condition=models.Q(("receipt_due_at__isnull", False)),
                        fields=["receipt_due_at"],
                        name="payment_receipt_due",
                    ),
                    models.Index(
                        condition=models.Q(("reminder_due_at__isnull", False)),
                        fields=["reminder_due_at"],
                        name="payment_reminder_due",
                    ),
                    models.Index(
                        condition=models.Q(("given_up_at__isnull", False)),
                        fields=["given_up_at"],
                        name="payment_given_up",
                    ),
                    models.Index(
                        fields=["partner", "created_at"],
                        include=("kind", "currency", "amount", "tax_amount", "partner_share"),
                        name="payment_in_statement",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("ride", "kind"), name="payment_one_per_ride_and_kind"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "due",
                                    "processing",
                                    "requires_action",
                                    "paid",
                                    "failed",
                                    "partially_refunded",
                                    "refunded",
                                ],
                            )
                        ),
                        name="payment_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gte", 0),
                            ("refunded_amount__gte", 0),
                            ("refunded_amount__lte", models.F("amount")),
                        ),
                        name="payment_money_sane",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["fare", "cancellation_fee", "no_show_fee", "tip"])),
                        name="payment_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("collecting_amount__gte", 0), ("collecting_amount__lte", models.F("amount"))
                        ),
                        name="payment_collected_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("partner_share", 0),
                            models.Q(
                                ("partner__isnull", False),
                                ("partner_share__gte", 0),
                                ("partner_share__lte", models.F("amount")),
                            ),
                            _connector="OR",
                        ),
                        name="payment_share_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("written_off__lte", models.F("amount"))),
                        name="payment_written_off_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credit_amount__gte", 0), ("credit_amount__lte", models.F("collecting_amount"))
                        ),
                        name="payment_credit_is_collected",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("tax_amount", 0),
                            (
                                "tax_amount__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("amount"), "-", models.F("partner_share")
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="payment_tax_within_amount",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=120, unique=True)),
                (
                    "reference",
                    models.CharField(blank=True, db_index=True, help_text="The provider's id.", max_length=255),
                ),
                ("failure", models.CharField(blank=True, help_text="Why it was declined or failed.", max_length=100)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer."),
                ),
                ("next_step_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("number", models.PositiveSmallIntegerField(help_text="1 at the first booking, then one more each.")),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                ("currency", models.CharField(max_length=3)),
                ("off_session", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("requires_action", "Waiting for the user"),
                            ("authorized", "Held"),
                            ("closing", "Being released"),
                            ("captured", "Captured"),
                            ("released", "Released"),
                            ("declined", "Declined"),
                            ("expired", "Expired"),
                        ],
                        default="planned",
                        max_length=16,
                    ),
                ),
                ("card_reference", models.CharField(max_length=255)),
                ("card_brand", models.CharField(blank=True, max_length=20)),
                ("card_last4", models.CharField(blank=True, max_length=4)),
                (
                    "unwanted",
                    models.BooleanField(default=False, help_text="To be released as soon as that can be done."),
                ),
                (
                    "confirm_by",
                    models.DateTimeField(blank=True, help_text="Until when the user may confirm it.", null=True),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, help_text="When the card's bank lets go of it.", null=True),
                ),
                (
                    "answered_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the booking or the session has taken note of what became of it.",
                        null=True,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="requests_app.cheerrequest",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "for_booking",
                    models.BooleanField(default=False, help_text="The request is matched once this hold is answered."),
                ),
                (
                    "parameters",
                    models.JSONField(
                        blank=True,
                        editable=False,
                        help_text="What the first call with this key sent; repetitions send it.",
                        null=True,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("answered_at__isnull", True)), fields=["created_at"], name="hold_unanswered"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("request", "number"), name="hold_numbered_per_request"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "planned",
                                    "requires_action",
                                    "authorized",
                                    "closing",
                                    "captured",
                                    "released",
                                    "declined",
                                    "expired",
                                ],
                            )
                        ),
                        name="hold_status_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="hold_amount_positive"),
                    models.UniqueConstraint(
                        condition=models.Q(("reference", ""), _negated=True),
                        fields=("reference",),
                        name="hold_one_per_provider_reference",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("apology", "Apology"), ("promotion", "Promotion"), ("referral", "Invitation")],
                        max_length=10,
                    ),
                ),
                ("amount", models.PositiveIntegerField(help_text="Minor units given.")),
                ("left", models.PositiveIntegerField(help_text="Minor units that can be spent.")),
                (
                    "ended",
                    models.PositiveIntegerField(default=0, help_text="Minor units that expired or were taken back."),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "reason",
                    models.CharField(blank=True, help_text="Why staff gave it; its user is shown it.", max_length=200),
                ),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Where it can be spent; empty: wherever its currency is.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.region",
                    ),
                ),
                (
                    "ride",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The cheer that it makes up for.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="rides.ride",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "first_cheer",
                    models.BooleanField(
                        db_default=False, default=False, help_text="It pays for its user's first cheer only."
                    ),
                ),
                (
                    "share_bps",
                    models.PositiveIntegerField(blank=True, help_text="The share of one fare that it pays.", null=True),
                ),
                (
                    "use_number",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Counts one user's uses of a code.", null=True
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="payments.promotioncode",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-created_at"], name="credit_user"),
                    models.Index(condition=models.Q(("left__gt", 0)), fields=["user"], name="credit_to_spend"),
                    models.Index(condition=models.Q(("left__gt", 0)), fields=["expires_at"], name="credit_to_expire"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            ("ended__gte", 0),
                            ("left__gte", 0),
                            (
                                "left__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("amount"), "-", models.F("ended")
                                ),
                            ),
                        ),
                        name="credit_spent_once",
                    ),
                    models.UniqueConstraint(fields=("code", "user", "use_number"), name="credit_counts_uses_of_code"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("code__isnull", False), ("kind", "promotion"), ("use_number__isnull", False)),
                            models.Q(
                                models.Q(("kind", "promotion"), _negated=True),
                                ("code__isnull", True),
                                ("use_number__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="credit_promotion_has_code",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("first_cheer", True)),
                        fields=("user",),
                        name="credit_first_cheer_once_per_user",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=120, unique=True)),
                (
                    "reference",
                    models.CharField(blank=True, db_index=True, help_text="The provider's id.", max_length=255),
                ),
                ("failure", models.CharField(blank=True, help_text="Why it was declined or failed.", max_length=100)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer."),
                ),
                ("next_step_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("capture", "Capture of a hold"),
                            ("charge", "Charge"),
                            ("cash", "Cash"),
                            ("credit", "Credit"),
                        ],
                        max_length=8,
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(help_text="Counts the attempts of a payment.")),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                (
                    "refunded_amount",
                    models.PositiveIntegerField(default=0, help_text="Minor units given back, or about to be."),
                ),
                ("off_session", models.BooleanField(default=True, help_text="Whether the user is away.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("scheduled", "Waiting for its time"),
                            ("planned", "Planned"),
                            ("processing", "Processing"),
                            ("requires_action", "Waiting for the user"),
                            ("closing", "Being closed"),
                            ("succeeded", "Succeeded"),
                            ("declined", "Declined"),
                        ],
                        default="planned",
                        max_length=16,
                    ),
                ),
                ("card_reference", models.CharField(blank=True, help_text="The card that is charged.", max_length=255)),
                ("card_brand", models.CharField(blank=True, max_length=20)),
                ("card_last4", models.CharField(blank=True, max_length=4)),
                (
                    "payment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="payments.payment",
                    ),
                ),
                (
                    "hold",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="capture",
                        to="payments.hold",
                    ),
                ),
                (
                    "parameters",
                    models.JSONField(
                        blank=True,
                        editable=False,
                        help_text="What the first call with this key sent; repetitions send it.",
                        null=True,
                    ),
                ),
                (
                    "credit",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="payments.credit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("payment", "number"), name="attempt_numbered_per_payment"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "scheduled",
                                    "planned",
                                    "processing",
                                    "requires_action",
                                    "closing",
                                    "succeeded",
                                    "declined",
                                ],
                            )
                        ),
                        name="attempt_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("hold__isnull", False), ("kind", "capture")),
                            models.Q(models.Q(("kind", "capture"), _negated=True), ("hold__isnull", True)),
                            _connector="OR",
                        ),
                        name="attempt_capture_has_hold",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0), ("refunded_amount__gte", 0), ("refunded_amount__lte", models.F("amount"))
                        ),
                        name="attempt_refunds_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["capture", "charge", "cash", "credit"])),
                        name="attempt_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("credit__isnull", False), ("kind", "credit")),
                            models.Q(models.Q(("kind", "credit"), _negated=True), ("credit__isnull", True)),
                            _connector="OR",
                        ),
                        name="attempt_credit_is_named",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reference", ""), _negated=True),
                        fields=("reference",),
                        name="attempt_one_per_provider_reference",
                    ),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("credit__isnull", False)), fields=["credit"], name="attempt_of_credit"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CountedDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                (
                    "sums",
                    models.JSONField(
                        blank=True,
                        help_text="Each with region, currency, kind, debit, credit, amount, number of entries.",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="customer",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reference", models.CharField(help_text="The provider's id.", max_length=255, unique=True)),
                (
                    "set_up_at",
                    models.DateTimeField(blank=True, help_text="When the user began to save the card.", null=True),
                ),
                (
                    "card_reference",
                    models.CharField(blank=True, help_text="The provider's id of the saved card.", max_length=255),
                ),
                ("card_brand", models.CharField(blank=True, max_length=20)),
                ("card_last4", models.CharField(blank=True, max_length=4)),
                ("card_exp_month", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("card_exp_year", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "next_step_at",
                    models.DateTimeField(
                        blank=True,
                        db_index=True,
                        help_text="When the provider is to be asked to delete them.",
                        null=True,
                    ),
                ),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer."),
                ),
                (
                    "card_declines",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="How many cards were declined since one was saved."
                    ),
                ),
                (
                    "cards_blocked_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until when no card can be saved, because many were declined in a row.",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PayoutAccount",
            fields=[
                (
                    "partner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="payout_account",
                        serialize=False,
                        to="accounts.partner",
                    ),
                ),
                ("reference", models.CharField(help_text="The provider's id.", max_length=255, unique=True)),
                ("ready", models.BooleanField(default=False, help_text="Whether the provider would pay them.")),
                ("created_at", models.DateTimeField()),
                (
                    "changed_at",
                    models.DateTimeField(blank=True, help_text="When the destination changed last.", null=True),
                ),
                (
                    "destination",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="A digest of the bank account or card that the provider pays to.",
                        max_length=64,
                    ),
                ),
                (
                    "disconnected_at",
                    models.DateTimeField(blank=True, help_text="When the partner cut it off from us.", null=True),
                ),
                (
                    "next_step_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.db.models.functions.datetime.Now(),
                        db_index=True,
                        help_text="When the provider is asked again.",
                        null=True,
                    ),
                ),
                (
                    "payout_failure",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Why the partner's bank returned the provider's last payment.",
                        max_length=100,
                    ),
                ),
                (
                    "tries",
                    models.PositiveSmallIntegerField(db_default=0, default=0, help_text="How often nobody answered."),
                ),
                (
                    "trouble",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Why the provider has restricted it, in its words.",
                        max_length=100,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "day",
                    models.DateField(help_text="Set for the daily one, which happens once.", null=True, unique=True),
                ),
                ("started_at", models.DateTimeField()),
                (
                    "finished_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Empty while it is under way, or if the provider could not be read.",
                        null=True,
                    ),
                ),
                ("looked_at", models.PositiveIntegerField(default=0)),
                ("repaired", models.JSONField(default=list)),
                (
                    "differences",
                    models.JSONField(default=list, help_text="The differences that were open at its end, in words."),
                ),
                (
                    "mark",
                    models.DateTimeField(
                        blank=True,
                        db_index=True,
                        help_text="What the provider has moved until then has been read.",
                        null=True,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReferralCode",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="referral_code",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("code", models.CharField(max_length=24, unique=True)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AttemptTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="payments.attempt"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BankPayout",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(help_text="The provider's id.", max_length=255, unique=True)),
                (
                    "amount",
                    models.IntegerField(help_text="Minor units; negative if the bank paid a debt of the balance."),
                ),
                ("currency", models.CharField(max_length=3)),
                ("status", models.CharField(help_text="As the provider names it.", max_length=20)),
                (
                    "automatic",
                    models.BooleanField(help_text="Only then the provider tells which movements it consists of."),
                ),
                ("arrives_on", models.DateField(blank=True, null=True)),
                ("lines", models.PositiveIntegerField(default=0, help_text="The movements that it consists of.")),
                (
                    "matched_at",
                    models.DateTimeField(
                        blank=True, help_text="When its movements were found to add up to its amount.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            models.Q(("automatic", True), ("matched_at__isnull", True)),
                            ("status__in", ["pending", "in_transit"]),
                            _connector="OR",
                        ),
                        fields=["reference"],
                        name="bank_payout_under_way",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Difference",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("movement", "A movement of our balance"),
                            ("entry", "An entry of the ledger"),
                            ("intent", "A charge or hold under way"),
                            ("dispute", "A dispute"),
                            ("payout", "A payout to our bank"),
                            ("list", "A list that could not be read"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reference", models.CharField(help_text="The id by which it is looked at again.", max_length=255)),
                (
                    "about",
                    models.CharField(help_text="The provider's id of the object, or ours of the row.", max_length=255),
                ),
                ("text", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=8),
                ),
                ("found_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("status", "open")), fields=["found_at"], name="difference_open")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("subject", "reference"), name="difference_once"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["open", "closed"])), name="difference_status_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("subject__in", ["movement", "entry", "intent", "dispute", "payout", "list"])
                        ),
                        name="difference_subject_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DifferenceTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="payments.difference",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="HoldTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="payments.hold"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ManualEntry",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("refunded", "Refunded to the user"),
                            ("received", "Received from the user, outside of the provider"),
                            ("written_off", "User's debt written off"),
                            ("user_credited", "Given to the user, outside of the provider"),
                            ("user_charged", "Taken from the user in addition, outside of the provider"),
                            ("partner_credited", "Partner's share raised"),
                            ("partner_charged", "Partner's share lowered"),
                            ("paid_by_hand", "Paid to the partner, outside of the provider"),
                            ("debt_repaid", "Debt repaid by the partner"),
                            ("debt_written_off", "Partner's debt written off"),
                            ("fee", "Fee paid"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("proposed", "Waits for approval"), ("booked", "Booked"), ("rejected", "Rejected")],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                ("currency", models.CharField(max_length=3)),
                ("reason", models.CharField(max_length=200)),
                (
                    "needs_approval",
                    models.BooleanField(help_text="It is above its author's limit: another person decides."),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "attempt",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        help_text="The attempt that records the money of a user.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="manual_entry",
                        to="payments.attempt",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.partner",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="manual_entries",
                        to="payments.payment",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "manual entries",
                "permissions": (("approve_manualentry", "Can approve and reject manual entries of others"),),
                "indexes": [models.Index(fields=["status", "-created_at"], name="manual_status")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["proposed", "booked", "rejected"])),
                        name="manual_status_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="manual_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="manual_reason_given"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approver__isnull", True),
                            models.Q(("approver", models.F("author")), _negated=True),
                            _connector="OR",
                        ),
                        name="manual_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "booked"), _negated=True),
                            ("needs_approval", False),
                            ("approver__isnull", False),
                            _connector="OR",
                        ),
                        name="manual_approved_above_limit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "refunded",
                                    "received",
                                    "written_off",
                                    "user_credited",
                                    "user_charged",
                                    "partner_credited",
                                    "partner_charged",
                                    "paid_by_hand",
                                    "debt_repaid",
                                    "debt_written_off",
                                    "fee",
                                ],
                            )
                        ),
                        name="manual_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "kind__in",
                                    [
                                        "refunded",
                                        "received",
                                        "written_off",
                                        "user_credited",
                                        "user_charged",
                                        "partner_credited",
                                        "partner_charged",
                                    ],
                                ),
                                ("payment__isnull", False),
                            ),
                            models.Q(
                                ("kind__in", ["paid_by_hand", "debt_repaid", "debt_written_off"]),
                                ("partner__isnull", False),
                                ("payment__isnull", True),
                            ),
                            models.Q(("kind", "fee"), ("partner__isnull", True), ("payment__isnull", True)),
                            _connector="OR",
                        ),
                        name="manual_names_its_subject",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ManualEntryTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="payments.manualentry",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Movement",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(help_text="The provider's id.", max_length=255, unique=True)),
                ("category", models.CharField(help_text="As the provider's reports name it.", max_length=60)),
                ("amount", models.IntegerField(help_text="Minor units; negative if they leave our balance.")),
                ("fee", models.IntegerField(help_text="Minor units that the provider keeps of us in addition.")),
                ("currency", models.CharField(max_length=3)),
                (
                    "source",
                    models.CharField(blank=True, help_text="The provider's id of what moved it.", max_length=255),
                ),
                (
                    "booked_as",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("owed", "A user owes"),
                            ("share", "The partner's share"),
                            ("taxed", "Tax of what a user owes"),
                            ("tax_reversed", "Tax of a refund"),
                            ("tax_restored", "Tax of a refund returned by the bank"),
                            ("collected", "Collected"),
                            ("refunded", "Refunded"),
                            ("refund_failed", "Refund returned by the bank"),
                            ("share_reversed", "The partner's share taken back"),
                            ("share_restored", "The partner's share given again"),
                            ("paid_out", "Paid out to the partner"),
                            ("payout_reversed", "Payout taken back"),
                            ("disputed", "Withheld over a dispute"),
                            ("dispute_won", "Dispute won"),
                            ("dispute_fee", "Fee of a dispute"),
                            ("fee_returned", "Fee of a dispute returned"),
                            ("dispute_lost", "Dispute lost"),
                            ("loss_appealed", "Lost dispute open again"),
                            ("written_off", "Debt of the user written off"),
                            ("recovered", "Written-off debt of the user paid"),
                            ("user_credited", "Given to the user by hand"),
                            ("user_charged", "Taken from the user by hand"),
                            ("partner_credited", "The partner's share raised"),
                            ("partner_charged", "The partner's share lowered"),
                            ("debt_repaid", "Debt repaid by the partner"),
                            ("debt_written_off", "Debt of the partner written off"),
                            ("fee_by_hand", "Fee paid by hand"),
                            ("credit_given", "Credit given"),
                            ("credit_ended", "Credit expired or taken back"),
                            ("provider_fee", "Fee of the payment provider"),
                            ("fee_given_back", "Fee of the payment provider given back"),
                            ("banked", "Paid out to our bank"),
                            ("bank_returned", "Returned by our bank, or paid in by us"),
                        ],
                        max_length=16,
                    ),
                ),
                ("booked_under", models.CharField(blank=True, max_length=255)),
                ("moved_at", models.DateTimeField()),
                ("read_at", models.DateTimeField()),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="payments.payment",
                    ),
                ),
                (
                    "payout",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="payments.bankpayout",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("booked_under", ""), _negated=True),
                        fields=["booked_under", "booked_as"],
                        name="movement_of_entry",
                    ),
                    models.Index(
                        condition=models.Q(("payout__isnull", False)), fields=["payout"], name="movement_of_payout"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("owed", "A user owes"),
                            ("share", "The partner's share"),
                            ("taxed", "Tax of what a user owes"),
                            ("tax_reversed", "Tax of a refund"),
                            ("tax_restored", "Tax of a refund returned by the bank"),
                            ("collected", "Collected"),
                            ("refunded", "Refunded"),
                            ("refund_failed", "Refund returned by the bank"),
                            ("share_reversed", "The partner's share taken back"),
                            ("share_restored", "The partner's share given again"),
                            ("paid_out", "Paid out to the partner"),
                            ("payout_reversed", "Payout taken back"),
                            ("disputed", "Withheld over a dispute"),
                            ("dispute_won", "Dispute won"),
                            ("dispute_fee", "Fee of a dispute"),
                            ("fee_returned", "Fee of a dispute returned"),
                            ("dispute_lost", "Dispute lost"),
                            ("loss_appealed", "Lost dispute open again"),
                            ("written_off", "Debt of the user written off"),
                            ("recovered", "Written-off debt of the user paid"),
                            ("user_credited", "Given to the user by hand"),
                            ("user_charged", "Taken from the user by hand"),
                            ("partner_credited", "The partner's share raised"),
                            ("partner_charged", "The partner's share lowered"),
                            ("debt_repaid", "Debt repaid by the partner"),
                            ("debt_written_off", "Debt of the partner written off"),
                            ("fee_by_hand", "Fee paid by hand"),
                            ("credit_given", "Credit given"),
                            ("credit_ended", "Credit expired or taken back"),
                            ("provider_fee", "Fee of the payment provider"),
                            ("fee_given_back", "Fee of the payment provider given back"),
                            ("banked", "Paid out to our bank"),
                            ("bank_returned", "Returned by our bank, or paid in by us"),
                        ],
                        max_length=16,
                    ),
                ),
                ("source", models.CharField(max_length=255)),
                (
                    "debit",
                    models.CharField(
                        choices=[
                            ("receivable", "Owed by users"),
                            ("sales", "Sales, and with them our commission"),
                            ("partners", "Owed to partners"),
                            ("provider", "With the payment provider"),
                            ("cash", "Cash, and what is paid outside of the provider"),
                            ("disputed", "Withheld over disputes"),
                            ("fees", "Fees of the payment provider"),
                            ("written_off", "Written off"),
                            ("credits", "Owed to users as credit"),
                            ("promotions", "Cost of credit given"),
                            ("tax", "Tax that we owe"),
                            ("bank", "In our bank account"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "credit",
                    models.CharField(
                        choices=[
                            ("receivable", "Owed by users"),
                            ("sales", "Sales, and with them our commission"),
                            ("partners", "Owed to partners"),
                            ("provider", "With the payment provider"),
                            ("cash", "Cash, and what is paid outside of the provider"),
                            ("disputed", "Withheld over disputes"),
                            ("fees", "Fees of the payment provider"),
                            ("written_off", "Written off"),
                            ("credits", "Owed to users as credit"),
                            ("promotions", "Cost of credit given"),
                            ("tax", "Tax that we owe"),
                            ("bank", "In our bank account"),
                        ],
                        max_length=12,
                    ),
                ),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                ("currency", models.CharField(max_length=3)),
                ("at", models.DateTimeField()),
                (
                    "partner",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.partner",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty for what concerns no single one, such as a bank's fee.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="payments.payment",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The user whose credit it is about.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
                "indexes": [
                    models.Index(condition=models.Q(("user__isnull", False)), fields=["user"], name="entry_of_user"),
                    models.Index(fields=["at"], name="entry_by_time"),
                    models.Index(
                        fields=["partner", "-at", "-id"],
                        include=("currency", "kind", "amount", "debit", "credit"),
                        name="entry_in_statement",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "source"), name="entry_once_per_kind_and_source"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="entry_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("debit", models.F("credit")), _negated=True),
                        name="entry_between_two_accounts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("partner__isnull", False),
                            models.Q(("debit", "partners"), ("credit", "partners"), _connector="OR", _negated=True),
                            _connector="OR",
                        ),
                        name="entry_partners_account_names_partner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("user__isnull", False),
                            models.Q(("debit", "credits"), ("credit", "credits"), _connector="OR", _negated=True),
                            _connector="OR",
                        ),
                        name="entry_credits_account_names_user",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "credit__in",
                                [
                                    "receivable",
                                    "sales",
                                    "partners",
                                    "provider",
                                    "cash",
                                    "disputed",
                                    "fees",
                                    "written_off",
                                    "credits",
                                    "promotions",
                                    "tax",
                                    "bank",
                                ],
                            ),
                            (
                                "debit__in",
                                [
                                    "receivable",
                                    "sales",
                                    "partners",
                                    "provider",
                                    "cash",
                                    "disputed",
                                    "fees",
                                    "written_off",
                                    "credits",
                                    "promotions",
                                    "tax",
                                    "bank",
                                ],
                            ),
                        ),
                        name="entry_accounts_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="payments.payment"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PayoutHold",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[("held", "Held"), ("released", "Released"), ("refused", "Refused")],
                        default="held",
                        max_length=10,
                    ),
                ),
                ("reasons", models.JSONField(help_text="The rules that hold it.")),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True,
                        db_index=True,
                        help_text="When the rules are applied again; empty: after a review.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payout_holds", to="accounts.partner"
                    ),
                ),
                (
                    "payment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payout_hold", to="payments.payment"
                    ),
                ),
            ],
            options={
                "permissions": (("release_payout", "Can release and refuse held payouts"),),
                "indexes": [models.Index(fields=["status", "-created_at"], name="payout_hold_status")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["held", "released", "refused"])),
                        name="payout_hold_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status", "held"), ("due_at__isnull", True), _connector="OR"),
                        name="payout_hold_due_only_while_held",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutHoldTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="payments.payouthold",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(unique=True)),
                ("closed_at", models.DateTimeField()),
                ("counted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "permissions": (("close_period", "Can close accounting periods"),),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))), name="period_starts_before_it_ends"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closed_at__gte", models.F("ends_at"))), name="period_closed_after_its_end"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PeriodTotal",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("currency", models.CharField(max_length=3)),
                ("kind", models.CharField(max_length=16)),
                ("debit", models.CharField(max_length=12)),
                ("credit", models.CharField(max_length=12)),
                ("amount", models.BigIntegerField(help_text="Minor units.")),
                ("entries", models.PositiveIntegerField()),
                (
                    "period",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="totals", to="payments.period"
                    ),
                ),
                (
                    "region",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Empty for what concerns no single payment.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="regions.region",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("entries__gt", 0)), name="period_total_positive"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("region__isnull", False)),
                        fields=("period", "region", "currency", "kind", "debit", "credit"),
                        name="period_total_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("region__isnull", True)),
                        fields=("period", "currency", "kind", "debit", "credit"),
                        name="period_total_once_without_region",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderEvent",
            fields=[
                ("id", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("type", models.CharField(max_length=100)),
                ("payload", models.JSONField()),
                ("received_at", models.DateTimeField()),
                ("processed_at", models.DateTimeField(blank=True, null=True)),
                ("next_step_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0, help_text="How often acting on it has failed.")),
            ],
            options={
                "indexes": [models.Index(fields=["received_at"], name="provider_event_received")],
            },
        ),
        migrations.CreateModel(
            name="Referral",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for the first cheer"),
                            ("given", "Credit is given"),
                            ("void", "Nothing is given"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("refunded", "The cheer was refunded or disputed"),
                            ("same_person", "The two are one person, or the newcomer was none"),
                            ("closed", "The newcomer's account is closed"),
                            ("off", "Nothing is given in this currency"),
                        ],
                        default="",
                        help_text="Why nothing was given.",
                        max_length=12,
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True, help_text="When the credit is due; empty before and after.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField(help_text="When the code was entered.")),
                (
                    "ended_at",
                    models.DateTimeField(
                        blank=True, help_text="When the credit was given, or refused for good.", null=True
                    ),
                ),
                (
                    "newcomer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referral",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "payment",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referral",
                        to="payments.payment",
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="referral_due"),
                    models.Index(fields=["-created_at"], name="referral_created"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("referrer", models.F("newcomer")), _negated=True),
                        name="referral_of_somebody_else",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "given", "void"])), name="referral_status_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("why__in", ["", "refunded", "same_person", "closed", "off"])),
                        name="referral_end_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("status", "waiting"), ("why", "")),
                            models.Q(
                                ("due_at", None),
                                ("ended_at__isnull", False),
                                ("payment__isnull", False),
                                models.Q(("status", "waiting"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="referral_ends_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status", "void"), ("why", ""), _connector="XOR"),
                        name="referral_void_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_at", None), ("payment__isnull", False), _connector="OR"),
                        name="referral_due_for_a_payment",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="credit",
            name="referral",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credits",
                to="payments.referral",
            ),
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=120, unique=True)),
                (
                    "reference",
                    models.CharField(blank=True, db_index=True, help_text="The provider's id.", max_length=255),
                ),
                ("failure", models.CharField(blank=True, help_text="Why it was declined or failed.", max_length=100)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer."),
                ),
                ("next_step_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                ("reason", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("succeeded", "Refunded"),
                            ("failed", "Failed"),
                            ("attention", "Needs attention"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="payments.attempt"
                    ),
                ),
                (
                    "parameters",
                    models.JSONField(
                        blank=True,
                        editable=False,
                        help_text="What the first call with this key sent; repetitions send it.",
                        null=True,
                    ),
                ),
                (
                    "manual_entry",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The decision of staff that it is a part of.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="payments.manualentry",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("manual_entry__isnull", False)),
                        fields=["manual_entry"],
                        name="refund_of_manual_entry",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["planned", "succeeded", "failed", "attention"])),
                        name="refund_status_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reference", ""), _negated=True),
                        fields=("reference",),
                        name="refund_one_per_provider_reference",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="payments.refund"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=120, unique=True)),
                (
                    "reference",
                    models.CharField(blank=True, db_index=True, help_text="The provider's id.", max_length=255),
                ),
                ("failure", models.CharField(blank=True, help_text="Why it was declined or failed.", max_length=100)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer."),
                ),
                ("next_step_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                (
                    "reversed_amount",
                    models.PositiveIntegerField(default=0, help_text="Minor units taken back, or about to be."),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("succeeded", "Paid"),
                            ("failed", "Failed"),
                            ("netted", "Kept for a debt"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                ("account_reference", models.CharField(max_length=255)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="accounts.partner"
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="payments.payment",
                    ),
                ),
                (
                    "parameters",
                    models.JSONField(
                        blank=True,
                        editable=False,
                        help_text="What the first call with this key sent; repetitions send it.",
                        null=True,
                    ),
                ),
                (
                    "attempt",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The charge that it is drawn from; empty: our balance.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="payments.attempt",
                    ),
                ),
                (
                    "refusals",
                    models.PositiveSmallIntegerField(db_default=0, default=0, help_text="How often it was refused."),
                ),
                (
                    "seen_to",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Staff have dealt with its failure, or its reversal elsewhere: it may be planned again.",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["payment"], name="transfer_payment"),
                    models.Index(
                        condition=models.Q(("status", "netted")),
                        fields=["partner", "created_at"],
                        name="transfer_netted_of_partner",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0), ("reversed_amount__gte", 0), ("reversed_amount__lte", models.F("amount"))
                        ),
                        name="transfer_reversals_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["planned", "succeeded", "failed", "netted"])),
                        name="transfer_status_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reversal",
            fields=[
                ("id", models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=120, unique=True)),
                (
                    "reference",
                    models.CharField(blank=True, db_index=True, help_text="The provider's id.", max_length=255),
                ),
                ("failure", models.CharField(blank=True, help_text="Why it was declined or failed.", max_length=100)),
                (
                    "tries",
                    models.PositiveSmallIntegerField(default=0, help_text="How often the provider did not answer."),
                ),
                ("next_step_at", models.DateTimeField(blank=True, db_index=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("succeeded", "Paid"),
                            ("failed", "Failed"),
                            ("netted", "Kept for a debt"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reversals", to="payments.transfer"
                    ),
                ),
                (
                    "parameters",
                    models.JSONField(
                        blank=True,
                        editable=False,
                        help_text="What the first call with this key sent; repetitions send it.",
                        null=True,
                    ),
                ),
                (
                    "debt",
                    models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Minor units that the partner still owes us because it failed.",
                    ),
                ),
                (
                    "refusals",
                    models.PositiveSmallIntegerField(db_default=0, default=0, help_text="How often it was refused."),
                ),
                (
                    "settled",
                    models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Minor units of it that the partner has repaid, or that were written off.",
                    ),
                ),
                (
                    "made_elsewhere",
                    models.BooleanField(
                        db_default=False, default=False, help_text="It was made with the provider, and not by us."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="reversal_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["planned", "succeeded", "failed", "netted"])),
                        name="reversal_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("debt", 0), ("settled", 0)),
                            models.Q(
                                (
                                    "amount__gte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("debt"), "+", models.F("settled")
                                    ),
                                ),
                                ("status", "failed"),
                            ),
                            _connector="OR",
                        ),
                        name="reversal_debt_and_settled_within_amount",
                    ),
                ],
                "indexes": [
                    models.Index(condition=models.Q(("debt__gt", 0)), fields=["transfer"], name="reversal_in_debt")
                ],
            },
        ),
        migrations.CreateModel(
            name="ReversalTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="payments.reversal"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="transfer",
            name="settles",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The debt that it is kept for.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="netted",
                to="payments.reversal",
            ),
        ),
        migrations.AddField(
            model_name="transfer",
            name="by_hand",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="What staff paid outside of the provider; empty: the provider pays it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="transfers",
                to="payments.manualentry",
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("by_hand__isnull", False)), fields=["by_hand"], name="transfer_by_hand"
            ),
        ),
        migrations.CreateModel(
            name="TransferTransition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("old", models.CharField(blank=True, max_length=24)),
                ("new", models.CharField(max_length=24)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        help_text="Who did it; empty means the system.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="transitions", to="payments.transfer"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.CharField(help_text="The provider's id.", max_length=255, primary_key=True, serialize=False),
                ),
                ("amount", models.PositiveIntegerField(help_text="Minor units.")),
                ("currency", models.CharField(max_length=3)),
                ("reason", models.CharField(max_length=60)),
                ("status", models.CharField(help_text="As the provider names it.", max_length=40)),
                ("evidence_due_by", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, help_text="An appeal may open it again.", null=True)),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="payments.attempt"
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(
                        blank=True, help_text="When the provider was asked for what is written here.", null=True
                    ),
                ),
                (
                    "evidence",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What is to be submitted; emptied when it has been.",
                    ),
                ),
                (
                    "failure",
                    models.CharField(
                        blank=True, db_default="", default="", help_text="Why our evidence was refused.", max_length=100
                    ),
                ),
                (
                    "fee",
                    models.IntegerField(
                        db_default=0, default=0, help_text="Minor units that the provider keeps of us for it."
                    ),
                ),
                (
                    "next_step_at",
                    models.DateTimeField(blank=True, db_index=True, help_text="When evidence is submitted.", null=True),
                ),
                (
                    "submitted_at",
                    models.DateTimeField(blank=True, help_text="When our evidence was submitted.", null=True),
                ),
                (
                    "tries",
                    models.PositiveSmallIntegerField(db_default=0, default=0, help_text="How often nobody answered."),
                ),
                (
                    "withdrawn",
                    models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Minor units that the provider has withdrawn and not given back.",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="dispute_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("next_step_at__isnull", True), models.Q(("evidence", ""), _negated=True), _connector="OR"
                        ),
                        name="dispute_step_submits_evidence",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["apology", "promotion", "referral"])), name="credit_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.UniqueConstraint(fields=("referral", "user"), name="credit_once_for_a_referral"),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "referral"), ("referral", None), _connector="XOR"),
                name="credit_referral_has_referral",
            ),
        ),
        migrations.RunPython(guard_ledger, drop_functions),
    ]
