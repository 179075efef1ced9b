"""The pages of the sandbox in the admin; Django finds them here."""

from insights.admin.shadows import ShadowAdmin
from insights.admin.switchbacks import SwitchbackAdmin
from insights.admin.trials import TrialAdmin

__all__ = ["ShadowAdmin", "SwitchbackAdmin", "TrialAdmin"]
