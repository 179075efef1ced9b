#!/usr/bin/env python
"""Django's command line: `python manage.py help` lists what this project adds."""

import os
import sys

# These commands write sources only, so they need no settings of production.
SOURCE_COMMANDS = {"makemigrations", "messages"}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")
    if SOURCE_COMMANDS.intersection(sys.argv[1:2]):
        os.environ.setdefault("DEBUG", "1")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
