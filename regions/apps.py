from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class RegionsConfig(AppConfig):
    name = "regions"

    def ready(self) -> None:
        from regions.models import Region
        from regions.selectors import forget_regions

        for signal in (post_save, post_delete):
            signal.connect(lambda **_: forget_regions(), sender=Region, weak=False)
