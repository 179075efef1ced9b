"""`manage.py worker`: run a Celery worker for the matchers of all regions, or of the named ones."""

from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandParser

from core import broker, clock, vitals
from core.task_waits import business
from requests_app.tasks import worker_queues
from requests_app.wakeups import match_queue
from runner.lifeline import watch


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a killed process must restart quickly
    help = "Run a Celery worker on the queues of every region (or of those named), in threads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--region", action="append", help="slug of a region to serve, and nothing else; may be repeated"
        )
        parser.add_argument("--concurrency", type=int, default=4, help="threads (default 4)")

    def handle(self, *args: Any, **options: Any) -> None:
        watch()
        queues = [match_queue(slug) for slug in options["region"]] if options["region"] else worker_queues()
        # Celery's command line is not used, because its import adds half a second to every restart.
        worker = current_app.Worker(
            pool_cls="threads",
            consumer_cls=broker.Consumer,
            concurrency=options["concurrency"],
            queues=queues,
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            loglevel="INFO",
            quiet=True,  # no banner between the log lines
        )
        business.threads = options["concurrency"]
        clock.follow()
        vitals.begin(busy=business.share)
        worker.start()
        raise SystemExit(worker.exitcode)
