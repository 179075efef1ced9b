"""Pages: language, static files, the map, browser permissions, and the admin's appearance."""

from csp import constants as csp

from speedycheers.settings.base import BASE_DIR, DATA_DIR, DEBUG, env

# ---------------------------------------------------------------- language, time, static files
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
if not DEBUG:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "web.storage.StaticFiles"},
    }

# ---------------------------------------------------------------- the map
# A template of raster or vector tiles ("https://tiles.example/{z}/{x}/{y}.png"); if empty, our own offline ground.
MAP_TILES_URL: str = env.str("MAP_TILES_URL", default="")
MAP_TILES_ATTRIBUTION: str = env.str("MAP_TILES_ATTRIBUTION", default="")

# ---------------------------------------------------------------- what a page may load and use
# Origins of the map's tiles, if not our own ("https://tiles.example"); pages may fetch from no other origin.
MAP_TILE_ORIGINS: list[str] = env.list("MAP_TILE_ORIGINS", default=[])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF, "data:", *MAP_TILE_ORIGINS],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF, *MAP_TILE_ORIGINS],
        "manifest-src": [csp.SELF],
        "worker-src": [csp.SELF],
        "object-src": [csp.NONE],
        "form-action": [csp.SELF],
        "base-uri": [csp.NONE],
        "frame-ancestors": [csp.NONE],
    }
}
PERMISSIONS_POLICY: dict[str, str | list[str]] = {
    "geolocation": "self",
    "screen-wake-lock": "self",
    "publickey-credentials-get": "self",
    "publickey-credentials-create": "self",
    "camera": [],
    "microphone": [],
    "display-capture": [],
    "usb": [],
    "serial": [],
    "browsing-topics": [],
}

# ---------------------------------------------------------------- the admin's appearance
UNFOLD = {
    "SITE_TITLE": "SpeedyCheers",
    "SITE_HEADER": "SpeedyCheers",
    "SITE_SUBHEADER": "Dispatch desk",
    "SITE_SYMBOL": "celebration",
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "ops.admin_site.dashboard",
    # No colours in the page itself; static/css/admin.css has them.
    "COLORS": "ops.admin_site.no_inline_colours",
    "STYLES": ["ops.admin_site.stylesheet"],
    "SCRIPTS": ["ops.admin_site.script"],
    "SIDEBAR": {"show_search": True, "navigation": "ops.admin_site.navigation"},
    "TABS": "ops.admin_site.tabs",
}
