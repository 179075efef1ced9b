"""The drill: the real system under a real load, while parts of it are killed; then everything must add up.

`system` starts what is drilled, `faults` harm it, `probe` measures how soon it serves again, `judge` compares what
the clients were told with what the database holds, and `report` prints all of it.
"""
