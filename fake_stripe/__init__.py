"""A stand-in for Stripe on this machine: the part of its API that the project uses, over HTTP, hard cases included.

Idempotency keys replay answers and reject other parameters. Declines are 402 with their code and the intent. Some
cards ask their holder to confirm. Captures and refunds are bounded. Webhooks are signed, and may arrive twice, late
or out of order. A fault can be ordered for the next call: a reply lost after the effect, 429 or 500.

`PAYMENTS=demo make run` and the tests use it. Apart from `__main__` it imports nothing else of the project.
"""
