"""The table of trails."""

from django.db import models

from insights.trail.points import PointsField


class TrailPiece(models.Model):
    """Some minutes of a partner's way. It names a person: it goes with their account, and after `TRAIL_KEPT_DAYS`."""

    partner = models.ForeignKey("accounts.Partner", on_delete=models.CASCADE, related_name="+", db_index=False)
    begins_at = models.DateTimeField(db_index=True)
    points = PointsField(help_text="Seconds from the beginning, and the place, of each point.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["partner", "begins_at"], name="trail_piece_once"),)

    def __str__(self) -> str:
        return f"{self.begins_at:%Y-%m-%d %H:%M}"
