"""Bugs that are planted one by one, to see that the random lives of money find each of them.

`python -m payments.tests.planted` plants all of `bugs`, or those that are named, and says in which life each was found.
"""
