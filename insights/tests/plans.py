"""How the statements of some work are carried out, and those that read a table from one end to the other."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.planning import by_index

SMALL = ("regions_", "requests_app_requesttype", "insights_")  # tables of settings, and our own rows


def plans_of(work: Callable[[], object]) -> dict[str, str]:
    """The plan of each SELECT of some work, by its text."""
    with CaptureQueriesContext(connection) as captured:
        work()
    found = {}
    with by_index(), connection.cursor() as cursor:
        for sql in dict.fromkeys(query["sql"] for query in captured if query["sql"].startswith("SELECT")):
            how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
            cursor.execute(f"{how} {sql}")
            found[sql] = "\n".join(" ".join(map(str, row)) for row in cursor.fetchall())
    return found


def read_whole(plans: dict[str, str]) -> dict[str, str]:
    """The plans that read a table from one end to the other, but for those of small ones."""
    found = {}
    for sql, plan in plans.items():
        scans = [line for line in plan.splitlines() if "Seq Scan" in line or "SCAN" in line]
        if any(not any(name in line for name in SMALL) for line in scans):
            found[sql] = plan
    return found
