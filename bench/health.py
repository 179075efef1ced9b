"""How soon `/healthz` is answered while the program is busy, and how much memory simultaneous sign-ins take.

    python -m bench.health [--seconds 10] [--held-seconds 60] [--at-once 60] [--rounds 3] [--only SET-UP …]

The program runs as in production, on a PostgreSQL of its own. `/healthz` is asked every few milliseconds by a process
of its own: quiet, beside 200 half-sent bodies, beside sign-ins (every other one with a wrong password), and beside 40
clients that load `/schema` without a pause. Each is measured with our own server, which serves everything on a laptop
and sockets in production, with granian, and with granian behind the nginx of `deploy/`, which must be installed. The
floor is a bare asyncio server, asked in turn with `/healthz`: clients, servers and database share the machine, and it
shows what that alone costs. Linux only.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import health_loads as loads
from bench import surroundings
from bench.measuring import machine
from simulator.figures import percentile
from testbed import proxies
from testbed.processes import free_port, listening, running, wait_until
from testbed.production import granian, production
from testbed.stack import Stack

SETUPS = ("our own server", "granian", "nginx")
SLOW_BODIES, CROWD = 200, 40
UNLIMITED = ("ADDRESS", "LOGIN", "LOGIN_ACCOUNT", "LOGIN_ADDRESS", "LOGIN_PAIR", "LOGIN_FAILURES", "SIGNUP")
MIB = 1024


@dataclass(frozen=True)
class Setup:
    """One way to reach the program."""

    name: str
    target: loads.Target
    url: str
    certificate: str = ""


def main() -> None:
    """Measure each set-up under each load, and print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long the quiet program and /schema are measured"
    )
    parser.add_argument("--held-seconds", type=float, default=60.0, help="how long half-sent bodies are held")
    parser.add_argument("--at-once", type=int, default=60, help="sign-ins")
    parser.add_argument("--rounds", type=int, default=3, help="of sign-ins")
    parser.add_argument("--only", nargs="*", choices=SETUPS, default=SETUPS, help="leave out the others")
    options = parser.parse_args()
    if "nginx" in options.only:
        proxies.installed("nginx")
    with ExitStack() as stack:
        folder = stack.enter_context(surroundings.folder())
        url = stack.enter_context(surroundings.postgres(folder, durable=True))
        generous = {f"THROTTLE_{name}": "10000000/min" for name in UNLIMITED}
        program = stack.enter_context(production(DATABASE_URL=url, **generous))
        floor_port = free_port()
        stack.enter_context(running([sys.executable, "-m", "bench.health_probe", "serve", str(floor_port)]))
        wait_until(lambda: listening(floor_port), 20, "the floor's server listens")
        setups = list(stack.enter_context(reachable(program, folder, options.only)))
        emails = [f"bench-{number}@example.test" for number in range(options.at_once)]
        asyncio.run(loads.sign_up(setups[0].target, emails))
        print(machine())
        print(f"{'':<28}{'healthz p50':>12}{'p99':>8}{'max':>8}   {'floor p50':>9}{'p99':>8}{'max':>8}   p99 / floor")
        for setup in setups:
            measure(setup, program, floor_port, emails, options)


@contextmanager
def reachable(program: Stack, folder: Path, names: tuple[str, ...]) -> Iterator[list[Setup]]:
    """Start what the set-ups take, and yield them."""
    with ExitStack() as stack:
        setups = {"our own server": Setup("our own server", loads.Target(program.port), program.url)}
        if set(names) != {"our own server"}:
            port = stack.enter_context(granian(program, "--workers", "1"))
            setups["granian"] = Setup("granian", loads.Target(port), f"http://127.0.0.1:{port}")
        if "nginx" in names:
            proxy = stack.enter_context(proxies.proxy("nginx", folder / "nginx", http=[port], sockets=[program.port]))
            target = loads.Target(proxy.port, proxy.trust())
            setups["nginx"] = Setup("nginx", target, f"https://127.0.0.1:{proxy.port}", str(proxy.certificate))
        yield [setups[name] for name in SETUPS if name in names]


def measure(setup: Setup, program: Stack, floor_port: int, emails: list[str], options: argparse.Namespace) -> None:
    """Measure one set-up under each load."""
    target = setup.target

    def line(load: str, work: Coroutine[Any, Any, str]) -> None:
        with asking(setup, floor_port) as seconds:
            told = asyncio.run(work)
        print(f"{setup.name + ', ' + load:<28}{figures(seconds)}   {told}", flush=True)

    line("quiet", loads.quiet(options.seconds))
    line("half-sent", loads.half_sent(target, SLOW_BODIES, options.held_seconds))
    line("/schema", loads.crowd(target, CROWD, options.seconds))
    for _ in range(options.rounds):
        before = memory(program)
        line("sign-ins", loads.sign_ins(target, emails))
        peak = memory(program, "VmHWM")
        grown = (f"{before[name] // MIB} → {peak[name] // MIB}" for name in sorted(before) if name in peak)
        print(f"{'':<28}MiB of each web process, before → peak: {', '.join(grown)}", flush=True)


@contextmanager
def asking(setup: Setup, floor_port: int) -> Iterator[dict[str, list[float]]]:
    """Ask for the health meanwhile; what was yielded has the seconds afterwards."""
    seconds: dict[str, list[float]] = {}
    command = [sys.executable, "-m", "bench.health_probe", "ask", str(floor_port), setup.url]
    with subprocess.Popen(
        [*command, *filter(None, [setup.certificate])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield seconds
        told = process.communicate()[0]
        if process.returncode != 0:
            raise SystemExit(process.returncode)
        seconds.update(json.loads(told))


def figures(seconds: dict[str, list[float]]) -> str:
    """Return the p50, p99 and maximum of both, in milliseconds, and the ratio of the p99."""
    ours, floor = ([percentile(seconds[name], share) * 1e3 for share in (0.5, 0.99, 1)] for name in ("ours", "floor"))
    return (
        f"{ours[0]:9.1f} ms{ours[1]:8.1f}{ours[2]:8.1f}   {floor[0]:9.1f}{floor[1]:8.1f}{floor[2]:8.1f}"
        f"   {ours[1] / floor[1]:5.1f} × of {len(seconds['ours'])}"
    )


def memory(program: Stack, figure: str = "VmRSS") -> dict[int, int]:
    """Return the kilobytes of each process that serves HTTP, now or at most since the last call for now."""
    found = {}
    for pid, command in program.processes().items():
        if "granian" in command or "spawn_main" in command or "speedycheers.server" in command:
            if figure == "VmRSS":
                Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew
            status = Path(f"/proc/{pid}/status").read_text()
            found[pid] = int(status.partition(f"{figure}:")[2].split()[0])
    return found


if __name__ == "__main__":
    main()
