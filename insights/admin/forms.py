"""The form in which staff ask for a trial."""

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminNullBooleanSelectWidget

from core import clock
from core.errors import Invalid
from insights.sandbox.conditions import TRIED
from insights.sandbox.models import Trial
from insights.sandbox.trials import check_trial
from requests_app.admin.policies import RulesForm


class TrialForm(RulesForm):
    """The changes of a trial to the rules that were in force. Empty fields leave them as they were."""

    cap_lone = forms.NullBooleanField(
        label="Cap for one alone",
        required=False,
        widget=UnfoldAdminNullBooleanSelectWidget,
        help_text="In a shortage: whether the cap applies to a request that is alone, too.",
    )

    class Meta:
        model = Trial
        fields = ("region", "day", "name", "reason", "partners", "seed")
        labels: ClassVar[dict[str, str]] = {"partners": "Times the partners"}

    def clean(self) -> dict[str, Any] | None:
        """Check that the values can be tried together on this day."""
        said = super().clean() or {}
        said["changes"] = {name: said[name] for name in TRIED if said.get(name) is not None}
        if self.errors:
            return said
        try:
            check_trial(
                said["region"], said["day"], changes=said["changes"], partners=said["partners"], now=clock.now()
            )
        except Invalid as invalid:
            self.add_error(invalid.attr if invalid.attr in self.fields else None, invalid.detail)
        return said
