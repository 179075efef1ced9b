"""A made-up history of a city's cheers, of any size, on which to measure what years of use do to the program."""
