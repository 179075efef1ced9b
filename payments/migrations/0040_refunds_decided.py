import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0039_bank_in_the_ledger")]

    operations = [
        migrations.RemoveConstraint(model_name="manualentry", name="manual_kind_known"),
        migrations.RemoveConstraint(model_name="manualentry", name="manual_names_its_subject"),
        migrations.AlterField(
            model_name="manualentry",
            name="kind",
            field=models.CharField(
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
        migrations.AddConstraint(
            model_name="manualentry",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="manualentry",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddField(
            model_name="refund",
            name="manual_entry",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The decision of staff that it is a part of.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds",
                to="payments.manualentry",
            ),
        ),
    ]
