"""The drill: runs the real system under load, kills parts of it, then checks that nothing was lost or doubled.

`system` starts the program, `faults` break parts of it, `probe` measures how soon it serves again, `judge` compares
the clients' view with the database, `told` the pushes and mails that left with those that had to, and `report` prints
the result.
"""
