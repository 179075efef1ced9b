"""`python -m bench.scale`: the load rises tenfold and falls again, and the supervisor's servers follow.

The whole program with `SERVERS=1-MOST`, busy clients, and sockets that stay connected as phones do. Prints
when the number of processes followed each step, and what calls and sockets noticed.
"""

import argparse
import asyncio
import os
import time
from collections import Counter
from dataclasses import dataclass, field

import websockets

from testbed.environment import make_folder
from testbed.processes import free_port
from testbed.stack import Stack, environment, kill, start

SERVER = "speedycheers.server"
LOOK_EVERY_S = 0.5
STEPS = (1, 10, 1)
CALL = "/account/login/"  # a page, which takes a server more than most calls
CALL_S, THINK_S = 60.0, 0.05


@dataclass
class Seen:
    """The outcomes of calls and sockets, and the number of servers over time, in seconds since the start."""

    began: float = field(default_factory=time.monotonic)
    calls: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    away_s: list[float] = field(default_factory=list)
    servers: list[tuple[float, int]] = field(default_factory=list)  # at each change
    steps: list[float] = field(default_factory=list)

    @property
    def now(self) -> float:
        return time.monotonic() - self.began


async def call_again(stack: Stack, until: float, seen: Seen) -> None:
    """Call as one busy client does, on a new connection each time, which any server may accept."""
    while time.monotonic() < until:
        try:
            async with asyncio.timeout(CALL_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
                writer.write(f"GET {CALL} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                seen.calls[(await reader.read()).split(b" ", 2)[1].decode()] += 1
                writer.close()
        except (OSError, TimeoutError, IndexError) as error:
            seen.calls[type(error).__name__] += 1
        await asyncio.sleep(THINK_S)


async def stay_connected(stack: Stack, token: str, seen: Seen) -> None:
    """Keep a socket open, and note why it was closed and for how long it was away."""
    address, headers = f"{stack.ws_url}/user/notification", {"Authorization": f"Bearer {token}"}
    lost_at = None
    while True:
        try:
            async with websockets.connect(address, additional_headers=headers, open_timeout=60) as socket:
                await socket.recv()
                if lost_at is not None:
                    seen.away_s.append(time.monotonic() - lost_at)
                await socket.wait_closed()
            seen.closed[str(socket.close_code)] += 1
        except (OSError, TimeoutError, websockets.WebSocketException) as error:
            seen.closed[type(error).__name__] += 1
        lost_at = time.monotonic()


async def watch(stack: Stack, seen: Seen) -> None:
    """Note each change of the number of servers."""
    while True:
        count = sum(SERVER in command for command in (await asyncio.to_thread(stack.processes)).values())
        if not seen.servers or seen.servers[-1][1] != count:
            seen.servers.append((seen.now, count))
        await asyncio.sleep(LOOK_EVERY_S)


async def run(stack: Stack, options: argparse.Namespace) -> Seen:
    """Load the program step by step."""
    token, seen = stack.token("user1@demo.test"), Seen()
    held = [asyncio.create_task(stay_connected(stack, token, seen)) for _ in range(options.sockets)]
    watching = asyncio.create_task(watch(stack, seen))
    for step in STEPS:
        seen.steps.append(seen.now)
        until = time.monotonic() + options.step_s
        await asyncio.gather(*(call_again(stack, until, seen) for _ in range(step * options.clients)))
    for task in (*held, watching):
        task.cancel()
    await asyncio.gather(*held, watching, return_exceptions=True)
    return seen


def report(seen: Seen, options: argparse.Namespace) -> str:
    """Return the outcome as text."""
    lines = [
        f"Load 1, 10, 1 ({options.clients} clients), {options.step_s:g} s each; load of the machine {os.getloadavg()}"
    ]
    for step, from_s in zip(STEPS, seen.steps, strict=True):
        changes = [(at - from_s, count) for at, count in seen.servers if from_s <= at < from_s + options.step_s]
        told = ", ".join(f"{count} after {at:.0f} s" for at, count in changes) or "no change"
        lines.append(f"  {step:>2} times: {told}")
    lines.append(f"calls by answer: {dict(seen.calls)}")
    lines.append(f"sockets by close code: {dict(seen.closed)}; away at most {max(seen.away_s, default=0.0):.1f} s")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step-s", type=float, default=200.0, help="how long each of the three loads lasts, s")
    parser.add_argument("--clients", type=int, default=1, help="busy clients of the small load")
    parser.add_argument("--sockets", type=int, default=50, help="sockets that stay connected")
    parser.add_argument("--most", type=int, default=4, help="the most servers")
    options = parser.parse_args()
    stack = start(
        environment(make_folder() / "var", free_port(), SERVERS=f"1-{options.most}", SOCKETS_PER_ACCOUNT="1000")
    )
    try:
        print(report(asyncio.run(run(stack, options)), options))
        stack.stop()
    finally:
        kill(stack)


if __name__ == "__main__":
    main()
