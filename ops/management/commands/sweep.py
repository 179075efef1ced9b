"""`manage.py sweep`: run the passes for deadlines and repairs until stopped; prune and publish counts beside them."""

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from core import clock, vitals
from ops import pruner, watcher
from ops.live import publisher
from ops.sweep import Sweeper
from runner.lifeline import watch

TICK_S = 0.25


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # a killed process must restart quickly
    help = (
        "Sweep deadlines every half second, and delete and count rows and publish what staff see in threads beside it. "
        "It needs no broker, so it goes on while Valkey is away, and several may run at the same time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="run every pass once and leave")

    def handle(self, *args: Any, **options: Any) -> None:
        sweeper = Sweeper()
        if options["once"]:
            sweeper.run_due()
            watcher.Watcher().look(clock.now())
            pruner.prune_all(clock.now())
            return
        watch()
        clock.follow()
        vitals.begin()
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        pruner.start(stop)
        watcher.start(stop)
        publisher.start(stop)
        while not stop.wait(TICK_S):
            close_old_connections()
            sweeper.run_due()
