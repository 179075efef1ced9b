"""`python -m speedycheers.server`: HTTP and sockets on one port, by daphne."""

from runner.server import main

if __name__ == "__main__":
    main()
