"""Importing this module sets Django up on the database of DATABASE_URL: what comes after it may import models."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speedycheers.settings")
django.setup()
