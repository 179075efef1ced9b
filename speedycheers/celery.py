"""The Celery application. Its queue carries wake-ups only; the work itself is in the database."""

import os
from typing import Any

from celery import Celery

# Their signal handlers log and measure tasks.
import core.task_log  # noqa: F401
from core.task_waits import Hint

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")

app: Celery[Any] = Celery("speedycheers", task_cls=Hint, fixups=["core.task_connections:fixup"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
