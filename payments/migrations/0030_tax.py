from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0029_indexes_of_credits")]

    operations = [
        migrations.AddField(
            model_name="payment",
            name="tax_amount",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Minor units of the amount for the tax office."
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="credit",
            field=models.CharField(
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
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="debit",
            field=models.CharField(
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
                ],
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(
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
                ],
                max_length=16,
            ),
        ),
    ]
