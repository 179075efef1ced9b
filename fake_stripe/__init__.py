"""A stand-in for Stripe on this machine: its API as far as we use it, over HTTP, with its hard parts.

Idempotency keys replay answers and refuse other parameters; declines are 402 with their code and the intent; some
cards ask their holder; captures and refunds have bounds; webhooks are signed, and may come twice, late or in
another order; and a fault can be ordered for the next call: a reply lost after the effect, 429, 500.

`PAYMENTS=demo make run` uses it, and so do the tests. It imports nothing of ours, and believes nothing of ours either.
"""
