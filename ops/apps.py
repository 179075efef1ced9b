from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OpsConfig(AppConfig):
    name = "ops"

    def ready(self) -> None:
        """Import each app's `receivers` after all models are loaded."""
        autodiscover_modules("receivers")
