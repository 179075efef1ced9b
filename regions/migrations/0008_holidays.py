from django.db import migrations, models

import regions.days_off


class Migration(migrations.Migration):
    dependencies = [
        ("regions", "0007_policies"),
    ]

    operations = [
        migrations.AddField(
            model_name="region",
            name="country",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Whose public holidays count: a code of ISO 3166, for example US. Empty: no holidays.",
                max_length=2,
                validators=[regions.days_off.check_country],
            ),
        ),
        migrations.AddField(
            model_name="region",
            name="subdivision",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The part of the country with holidays of its own, for example NY. Empty: the country's.",
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="region",
            constraint=models.CheckConstraint(
                condition=models.Q(("subdivision", ""), models.Q(("country", ""), _negated=True), _connector="OR"),
                name="region_subdivision_of_a_country",
            ),
        ),
    ]
