"""The record of what staff do, append-only by triggers."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TABLE = "backoffice_staffaction"
FROZEN = (
    "number",
    "at",
    "actor_id",
    "channel",
    "action",
    "kind",
    "subject",
    "detail",
    "reason_digest",
    "address",
    "call",
    "previous",
    "digest",
)
SAME = " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in FROZEN)
SQLITE = [
    f"""CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} WHEN NOT (NEW.reason = '' AND NEW.salt = '' AND {SAME})
        BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END""",
    f"""CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END""",
]
POSTGRES = [
    f"""CREATE OR REPLACE FUNCTION {TABLE}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'UPDATE' AND NEW.reason = '' AND NEW.salt = ''
             AND to_jsonb(NEW) - 'reason' - 'salt' = to_jsonb(OLD) - 'reason' - 'salt' THEN
            RETURN NEW;
          END IF;
          RAISE EXCEPTION '{TABLE} is append-only' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
    f"""CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION {TABLE}_append_only()""",
]
POSTGRES_BACK = [
    f"DROP TRIGGER IF EXISTS {TABLE}_append_only ON {TABLE}",
    f"DROP FUNCTION IF EXISTS {TABLE}_append_only()",
]


def freeze(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)


def thaw(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":  # SQLite drops the triggers of a table with it
        for statement in POSTGRES_BACK:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name="StaffAction",
            fields=[
                (
                    "number",
                    models.BigIntegerField(
                        help_text="Its place in the chain, from 1 without a gap.", primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField()),
                ("channel", models.CharField(choices=[("admin", "Admin"), ("api", "API")], max_length=8)),
                (
                    "action",
                    models.CharField(help_text="The name of a step; or add, change or delete.", max_length=40),
                ),
                ("kind", models.CharField(help_text="The model of the row that it was done to.", max_length=100)),
                ("subject", models.CharField(help_text="The key of that row.", max_length=64)),
                (
                    "detail",
                    models.CharField(
                        blank=True, help_text="Names of the fields that were changed, or an amount.", max_length=200
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("salt", models.CharField(blank=True, help_text="Random; hashed with the reason.", max_length=64)),
                ("reason_digest", models.CharField(blank=True, max_length=64)),
                (
                    "address",
                    models.CharField(
                        blank=True,
                        help_text="The pseudonym of the network address, as in the security log.",
                        max_length=64,
                    ),
                ),
                (
                    "call",
                    models.CharField(blank=True, help_text="The id of the call, as in the logs.", max_length=64),
                ),
                ("previous", models.CharField(blank=True, help_text="The digest of the row before.", max_length=64)),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 over all of it but `reason` and `salt`.", max_length=64),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-number",),
                "indexes": [
                    models.Index(fields=["subject", "kind"], name="staff_action_subject"),
                    models.Index(fields=["actor", "number"], name="staff_action_actor"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("previous",), name="staff_action_chain_never_forks"),
                    models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="staff_action_counts_from_one"),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["admin", "api"])), name="staff_action_channel_known"
                    ),
                ],
            },
        ),
        migrations.RunPython(freeze, thaw),
    ]
