"""The making of data exports, whose failures are kept. Loaded by `ops.apps`."""

from datetime import datetime
from typing import Any

from failures.jobs import Job, add, by_paths
from failures.states import Kind
from web.models import DataExport
from web.privacy.making import EXPORTS


def make_again(pk: Any, now: datetime) -> bool:
    """Make a file that was given up."""
    failed = DataExport.objects.filter(pk=pk, failed_at__isnull=False)
    return bool(failed.update(failed_at=None, expires_at=None, tries=0, due_at=now))


add(Job("export", "Data export", Kind.OPERATION, EXPORTS, by_paths(EXPORTS, account="user_id"), again=make_again))
