"""Stores the events' payloads packed."""

from django.db import migrations

from api.stored_json import StoredJSONField, ToStoredJSON


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_stream_epochs")]

    operations = [ToStoredJSON("event", "payload", StoredJSONField())]
