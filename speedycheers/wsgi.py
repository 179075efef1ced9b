"""HTTP, always by WSGI: several times the rate of Django's ASGI handler (docs/architecture.md)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")

application = get_wsgi_application()
