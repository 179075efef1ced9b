"""Stored answers, which repeated calls get again."""

from django.db import models

from api.stored_json import StoredJSONField


class IdempotencyRecord(models.Model):
    """The answer to one call that carried an `Idempotency-Key`, committed with the call's effect."""

    scope = models.CharField(max_length=48)  # "user:<id>", or "address:<digest>" of an anonymous caller
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # keyed SHA-256 of method, path and body
    status = models.PositiveSmallIntegerField(null=True)
    body = StoredJSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once"),)

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"
