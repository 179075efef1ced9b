"""Cold columns: large, seldom read, and left out of what is read otherwise."""

from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class ColdManager(models.Manager[M]):
    """Defers the columns that the model names in `cold`; they are read when somebody asks for them.

    The hand-written statements of `core/rows.py` leave them out as well.
    """

    def get_queryset(self) -> models.QuerySet[M]:
        model: Any = self.model
        return super().get_queryset().defer(*model.cold)
