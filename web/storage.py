"""Static files in production: each under a name that tells its content, so that browsers may keep it for good."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Hashed and compressed; the imports of scripts name hashed files as well."""

    support_js_module_import_aggregation = True
