"""The database backend: Django's for PostgreSQL, with a check of connections that costs no round trip."""
