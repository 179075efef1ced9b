"""Messages for the next page, in a cookie that belongs to this host alone."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class HostCookieStorage(CookieStorage):
    """Django's signed cookie, under the name of the settings."""

    cookie_name = settings.MESSAGE_COOKIE_NAME


class Storage(FallbackStorage):
    """Keeps messages in the cookie, and in the session if the cookie is full."""

    storage_classes = (HostCookieStorage, SessionStorage)
