from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class RequestsAppConfig(AppConfig):
    name = "requests_app"
    verbose_name = "Requests"

    def ready(self) -> None:
        from requests_app.models import RequestType
        from requests_app.selectors import request_types_by_slug

        for signal in (post_save, post_delete):
            signal.connect(lambda **_: request_types_by_slug.forget(), sender=RequestType, weak=False)
