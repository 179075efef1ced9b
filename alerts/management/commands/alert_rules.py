"""`manage.py alert_rules`: print the alert rules as Prometheus reads them."""

from typing import Any

from django.core.management.base import BaseCommand

from alerts.prometheus import rules_file


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Print the alert rules for Prometheus: deploy/prometheus/rules.yml."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(rules_file(), ending="")
