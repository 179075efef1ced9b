"""What we hold about a person: handing it over, and letting go of it."""
