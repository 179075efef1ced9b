"""Prepared by users: cheers planned for a later time, and places saved under a name."""
