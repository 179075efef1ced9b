"""How SQLite's statements are parsed: each text once in a process.

Django parses the statement of a table again whenever it looks for the table's constraints. `manage.py audit` does so
for every table, and many tests run it: parsing took most of their time.
"""

from functools import cache

import sqlparse


def parse_each_text_once() -> None:
    """Keep what sqlparse makes of a text; those who ask only read it."""
    sqlparse.parse = cache(sqlparse.parse)
