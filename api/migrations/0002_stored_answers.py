"""Stores the kept answers packed."""

from django.db import migrations

from api.stored_json import StoredJSONField, ToStoredJSON


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial")]

    operations = [ToStoredJSON("idempotencyrecord", "body", StoredJSONField(null=True))]
