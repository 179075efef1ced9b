"""`manage.py worker`: a Celery worker for the matchers of every region, or of those named."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from requests_app.tasks import match_queue, worker_queues
from speedycheers.celery import app
from speedycheers.lifeline import watch


class Command(BaseCommand):
    help = "Run a Celery worker on the queues of every region (or of those named), in threads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--region", action="append", help="slug of a region to serve, and nothing else; may be repeated"
        )
        parser.add_argument("--concurrency", type=int, default=4, help="threads (default 4)")

    def handle(self, *args: Any, **options: Any) -> None:
        watch()
        queues = [match_queue(slug) for slug in options["region"]] if options["region"] else worker_queues()
        app.worker_main(
            [
                "worker",
                "--pool=threads",
                f"--concurrency={options['concurrency']}",
                f"--queues={','.join(queues)}",
                "--without-mingle",
                "--without-gossip",
                "--without-heartbeat",
                "--loglevel=INFO",
            ]
        )
