"""The payment provider's side: the calls that operations stand for, and applying what the provider says."""
