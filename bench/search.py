"""`python -m bench.search`: the ten nearest partners, against Redis, PostGIS and H3, as the city grows."""

import argparse
from importlib import import_module

from bench import surroundings
from bench.measuring import machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    print(f"bench.search: the ten nearest. {machine()}.")
    with surroundings.folder() as inside, surroundings.valkey(inside) as client:
        # Imported late: it imports models, and the settings read the environment when they are loaded.
        carry_out = import_module("bench.search_runs").carry_out
        try:
            with surroundings.postgres(inside, postgis=True) as url:
                carry_out(client, url, sizes)
        except FileNotFoundError as error:
            print(f"Without PostgreSQL: {error}")
            carry_out(client, None, sizes)


if __name__ == "__main__":
    main()
