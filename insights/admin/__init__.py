"""The pages of the sandbox in the admin; Django finds them here."""

from insights.admin.trials import TrialAdmin

__all__ = ["TrialAdmin"]
