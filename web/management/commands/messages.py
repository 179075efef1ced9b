"""`manage.py messages`: extract the texts of the sources into locale/, and compile the translations."""

from typing import Any

from django.core.management.base import BaseCommand

from web import catalogues


class Command(BaseCommand):
    help = "Bring locale/*.po up to date with the sources, compile the .mo files, and say what wants translating."

    def handle(self, *args: Any, **options: Any) -> None:
        catalogues.write(catalogues.english(), "en", "django")
        for language in catalogues.LANGUAGES:
            for domain in catalogues.SOURCES:
                catalogue = catalogues.updated(language, domain)
                catalogues.write(catalogue, language, domain)
                missing = catalogues.untranslated(catalogue)
                self.stdout.write(f"{language} {domain}: {len(catalogue)} texts, {len(missing)} untranslated")
                for text in missing:
                    self.stdout.write(f"  {text}")
