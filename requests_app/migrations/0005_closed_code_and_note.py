"""Why requests, offers and planned cheers were closed: a code apart from the words of a person."""

from typing import Any

from django.db import migrations, models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When

REQUEST_CODES = [
    "nobody_accepted",
    "no_partner_nearby",
    "cancelled_by_user",
    "cancelled_by_staff",
    "no_show",
    "card_declined",
    "card_not_confirmed",
]
OFFER_CODES = ["too_far", "busy", "unsafe", "other", "cancelled", "taken"]
SCHEDULED_CODES = [
    "cancelled_by_user",
    "request_already_open",
    "type_not_offered",
    "region_not_served",
    "not_a_user",
    "card_required",
    "payment_overdue",
]


def split(apps: Any, schema_editor: Any) -> None:
    """Take the codes out of the words; what a person typed stays where it is, with the code that fits."""
    using = schema_editor.connection.alias
    model = apps.get_model
    requests = model("requests_app", "CheerRequest").objects.using(using)
    steps = model("requests_app", "CheerRequestTransition").objects.using(using)
    by_user = Exists(steps.filter(subject=OuterRef("pk"), new="cancelled", actor=OuterRef("user")))
    _take_out(requests, REQUEST_CODES)
    words = requests.filter(closed_code="").exclude(closed_note="")
    words.filter(by_user).update(closed_code="cancelled_by_user")
    words.filter(closed_code="").update(closed_code="cancelled_by_staff")

    offers = model("requests_app", "Offer").objects.using(using)
    offers.filter(closed_note="went offline").update(closed_code="went_offline", closed_note="")
    _take_out(offers, OFFER_CODES)
    offers.filter(closed_code="").exclude(closed_note="").update(closed_code="other")

    scheduled = model("requests_app", "ScheduledRequest").objects.using(using)
    _take_out(scheduled, SCHEDULED_CODES)
    words = scheduled.filter(closed_code="").exclude(closed_note="")
    words.update(closed_code=Case(When(Q(status="cancelled"), then=Value("cancelled_by_user")), default=Value("other")))


def _take_out(rows: Any, codes: list[str]) -> None:
    rows.filter(closed_note__in=codes).update(closed_code=F("closed_note"), closed_note="")


def join(apps: Any, schema_editor: Any) -> None:
    """Put the code where there are no words, as before."""
    for name in ("CheerRequest", "Offer", "ScheduledRequest"):
        rows = apps.get_model("requests_app", name).objects.using(schema_editor.connection.alias)
        rows.filter(closed_note="").update(closed_note=F("closed_code"))


class Migration(migrations.Migration):
    dependencies = [
        ("requests_app", "0004_offer_approximate_m"),
    ]

    operations = [
        migrations.RenameField(model_name="cheerrequest", old_name="closed_because", new_name="closed_note"),
        migrations.RenameField(model_name="offer", old_name="closed_because", new_name="closed_note"),
        migrations.RenameField(model_name="scheduledrequest", old_name="closed_because", new_name="closed_note"),
        migrations.AddField(
            model_name="cheerrequest",
            name="closed_code",
            field=models.CharField(
                blank=True,
                choices=[
                    ("nobody_accepted", "Nobody accepted"),
                    ("no_partner_nearby", "No partner nearby"),
                    ("cancelled_by_user", "Cancelled by its user"),
                    ("cancelled_by_staff", "Cancelled by staff"),
                    ("no_show", "Nobody was there"),
                    ("card_declined", "The card was declined"),
                    ("card_not_confirmed", "The card was not confirmed"),
                ],
                help_text="Why it was cancelled or not matched.",
                max_length=24,
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="closed_code",
            field=models.CharField(
                blank=True,
                choices=[
                    ("too_far", "Too far"),
                    ("busy", "Busy"),
                    ("unsafe", "Feels unsafe"),
                    ("went_offline", "Went offline"),
                    ("other", "Another reason"),
                    ("cancelled", "The request was cancelled"),
                    ("taken", "The request was taken back"),
                ],
                help_text="Why it was declined or rescinded.",
                max_length=24,
            ),
        ),
        migrations.AddField(
            model_name="scheduledrequest",
            name="closed_code",
            field=models.CharField(
                blank=True,
                choices=[
                    ("cancelled_by_user", "Cancelled by its user"),
                    ("request_already_open", "Another request was open"),
                    ("type_not_offered", "No longer offered"),
                    ("region_not_served", "The place is not served"),
                    ("not_a_user", "No user any more"),
                    ("card_required", "No card"),
                    ("payment_overdue", "A payment was overdue"),
                    ("other", "Another reason"),
                ],
                help_text="Why it was cancelled or not requested.",
                max_length=24,
            ),
        ),
        migrations.AlterField(
            model_name="cheerrequest",
            name="closed_note",
            field=models.CharField(blank=True, help_text="The words of a person.", max_length=200),
        ),
        migrations.AlterField(
            model_name="offer",
            name="closed_note",
            field=models.CharField(blank=True, help_text="The words of a person.", max_length=200),
        ),
        migrations.AlterField(
            model_name="scheduledrequest",
            name="closed_note",
            field=models.CharField(blank=True, help_text="The words of a person.", max_length=200),
        ),
        migrations.RunPython(split, join),
    ]
