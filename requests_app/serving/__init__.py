"""A partner at work: online and offline, accepting, and the ride from the acceptance to its end."""
