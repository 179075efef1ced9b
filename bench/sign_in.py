"""The cost of simultaneous sign-ins: the memory of the program's processes, and the answers of `/healthz` meanwhile.

    python -m bench.sign_in [--at-once 60] [--rounds 3] [--http-workers 1]

Each round signs in to as many accounts at the same time, every other one with a wrong password. The memory is what all
processes of the program take at most beyond what they took after the first sign-in.
"""

import argparse
import os
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from bench.program import Program, running_program

PASSWORD = "seventeen brass trombones"
MIB = 1024 * 1024
EVERY_S = 0.01
HTTP = httpx.Client(timeout=60, limits=httpx.Limits(max_connections=None))


def main() -> None:
    """Run the rounds and print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--at-once", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--http-workers", type=int, default=1, help="granian processes; 0: all in one, in DEBUG")
    options = parser.parse_args()
    with running_program(http_workers=options.http_workers, EMAIL_VERIFICATION="optional") as program:
        emails = [f"bench-{number}@bench.test" for number in range(options.at_once)]
        for email in emails:
            body = {"email": email, "password": PASSWORD}
            HTTP.post(f"{program.url}/signup", json=body).raise_for_status()
        sign_in(program, emails[0], PASSWORD)
        before = memory()
        print(f"before: {before / MIB:.0f} MiB")
        print("round   taken at most   seconds   healthz p50        max   answers")
        for number in range(1, options.rounds + 1):
            print(f"{number:5}   {one_round(program, emails, before)}")


def one_round(program: Program, emails: list[str], before: int) -> str:
    """Sign in to all accounts together; returns the figures as a line."""
    answers: Counter[int] = Counter()
    peak, health_s = [0], list[float]()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            peak.append(memory())
            over.wait(EVERY_S)

    def ask() -> None:
        while not over.is_set():
            begun = time.perf_counter()
            HTTP.get(f"{program.url}/healthz")
            health_s.append(time.perf_counter() - begun)

    def enter(number: int, email: str) -> None:
        answers[sign_in(program, email, PASSWORD if number % 2 else "something else, and wrong")] += 1

    watching = [threading.Thread(target=watch), threading.Thread(target=ask)]
    entering = [threading.Thread(target=enter, args=each) for each in enumerate(emails)]
    begun = time.perf_counter()
    for thread in watching + entering:
        thread.start()
    for thread in entering:
        thread.join()
    took_s = time.perf_counter() - begun
    over.set()
    for thread in watching:
        thread.join()
    health_s.sort()
    said = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
    return (
        f"{(max(peak) - before) / MIB:9.0f} MiB {took_s:9.2f} {health_s[len(health_s) // 2] * 1e3:10.0f} ms "
        f"{health_s[-1] * 1e3:7.0f} ms   {said}"
    )


def sign_in(program: Program, email: str, password: str) -> int:
    """Sign in over HTTP; returns the status."""
    body = {"email": email, "password": password}
    return HTTP.post(f"{program.url}/login", json=body).status_code


def memory() -> int:
    """Return the bytes that this process's descendants, which are the program, have in memory."""
    parents, pages = {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        parents[int(entry.name)], pages[int(entry.name)] = int(fields[1]), int(fields[21])
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(pages[pid] for pid in family - {os.getpid()}) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
