"""The program as in production: DEBUG off, granian for HTTP, our own server for sockets, a proxy with TLS in front."""

import contextlib
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from testbed.processes import free_port, listening, running, wait_until
from testbed.proxies import SITE
from testbed.stack import Stack, running_stack

SETTINGS = {
    "DEBUG": "0",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": SITE,
    "BEHIND_PROXY": "1",
    "NUM_PROXIES": "1",
    "EMAIL_URL": "none",
    "EMAIL_VERIFICATION": "optional",  # nobody reads the mails
    "OUTWARD_PRIVATE": "",
}
# The files of people's own pages; compressing those of the admin and of /docs takes half a minute.
FOREIGN = ("admin", "unfold", "drf_spectacular_sidecar", "rest_framework")
COLLECT = ("collectstatic", "--noinput", "-v0", *(f"--ignore={package}" for package in FOREIGN))
START_S = 60


@contextlib.contextmanager
def production(**settings: str) -> Iterator[Stack]:
    """Run the program with the settings of production; it expects a proxy."""
    with running_stack(*COLLECT, **(SETTINGS | settings)) as stack:
        yield stack


@contextlib.contextmanager
def granian(stack: Stack, *options: str, port: int = 0) -> Iterator[int]:
    """Serve the program's HTTP by granian, as docs/production.md says, and yield the port, which may be chosen."""
    port = port or free_port()
    command = [str(Path(sys.executable).with_name("granian")), "--interface", "asgi", "--no-ws", "--port", str(port)]
    log = stack.output.with_name(f"granian-{port}.txt")
    with log.open("w") as output:
        arguments = [*command, *options, "--log-level", "warning", "speedycheers.asgi:application"]
        with running(arguments, env=stack.env, stdout=output, stderr=output) as process:
            try:
                wait_until(lambda: listening(port), START_S, f"granian listens: {log.read_text()}")
                yield port
            finally:  # killed, it would leave its workers behind
                process.terminate()
                process.wait(10)
