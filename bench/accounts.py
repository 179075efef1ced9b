"""Accounts for a benchmark. Import it after the settings are loaded."""

from django.utils import timezone
from knox.models import AuthToken

from accounts.applications import apply_as_partner, decide_application
from accounts.models import User


def make_accounts(role: str, count: int) -> list[tuple[str, str]]:
    """Create accounts directly in the database. Returns (id of the user or partner, token) for each."""
    made = []
    for number in range(count):
        user = User.objects.create(email=f"bench-{role}-{number}@bench.test", password="!", name=f"Bench {number}")
        now = timezone.now()
        owner = str(user.pk)
        if role == "partner":
            partner = apply_as_partner(user, name=f"P{number}", type="cheerleader", phone="+1 212 555 0100", now=now)
            decide_application(partner, "approved", actor=None, now=now, notify=False)
            owner = str(partner.pk)
        made.append((owner, AuthToken.objects.create(user)[1]))
    return made
