"""The measurement of `bench.pruning`. Import it after the settings are loaded."""

import argparse
import os
import subprocess
import sys
import time

from django.core.management import call_command
from django.db import connection

from api.models import IdempotencyRecord
from bench.measuring import machine
from notifications.models import Event

EVENTS, EVENT_BYTES = 12, 700  # of a cheer
ANSWERS, ANSWER_BYTES = 4, 900
RECIPIENTS = 1000
PRUNE = """
import django
django.setup()
from threading import Event
from ops.pruner import Pruner
pruner = Pruner()
while pruner.round(Event().wait):
    pass
"""


def carry_out(options: argparse.Namespace) -> None:
    """Fill the database, prune it, and print the figures."""
    print(f"bench.pruning: {options.cheers} cheers' events and answers, {options.sweeps} pruners. {machine()}.")
    call_command("migrate", verbosity=0)
    _fill(options.cheers)
    rows = options.cheers * (EVENTS + ANSWERS)
    begun = time.perf_counter()
    running = [subprocess.Popen([sys.executable, "-c", PRUNE]) for _ in range(options.sweeps)]
    failed = [each.wait() for each in running]
    seconds = time.perf_counter() - begun
    left = Event.objects.count() + IdempotencyRecord.objects.count()
    if any(failed) or left:
        raise SystemExit(f"{left} rows are left; the pruners ended with {failed}.")
    print(f"{rows} rows in {seconds:.1f} s: {rows / seconds:,.0f} rows/s, {options.cheers / seconds:,.0f} cheers/s")


def _fill(cheers: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_event (recipient, seq, type, payload, created_at) "
            "SELECT 'user:' || (n %% %s), n / %s + 1, 'ride.updated', %s, "
            "now() - interval '30 days' + n * interval '1 ms' FROM generate_series(0, %s) AS n",
            [RECIPIENTS, RECIPIENTS, os.urandom(EVENT_BYTES), cheers * EVENTS - 1],
        )
        cursor.execute(
            "INSERT INTO api_idempotencyrecord (scope, key, fingerprint, status, body, created_at) "
            "SELECT 'user:' || n, 'key ' || n, repeat('f', 64), 200, %s, "
            "now() - interval '30 days' + n * interval '1 ms' FROM generate_series(1, %s) AS n",
            [os.urandom(ANSWER_BYTES), cheers * ANSWERS],
        )
        cursor.execute("ANALYZE")
