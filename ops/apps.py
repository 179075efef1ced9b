from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OpsConfig(AppConfig):
    name = "ops"

    def ready(self) -> None:
        """Load each app's `receivers`, once all models are there."""
        autodiscover_modules("receivers")
