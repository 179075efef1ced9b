"""The real nginx and HAProxy with the configurations of `deploy/`, on ports and in a folder of this machine."""

import contextlib
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed.certificates import own_certificate
from testbed.processes import BASE, free_port, listening, running, wait_until

SITE = "cheers.example"
DEPLOY = BASE / "deploy"
START_S = 20


@dataclass(frozen=True)
class Proxy:
    """A running proxy."""

    process: "subprocess.Popen[str]"
    plain_port: int
    port: int
    certificate: Path
    log: Path

    def trust(self) -> ssl.SSLContext:
        """TLS that believes this proxy's certificate, and no other."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def logged(self) -> str:
        """Everything that the proxy has logged."""
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.log.iterdir()))


@dataclass(frozen=True)
class Place:
    """The ports, files and processes that a configuration of `deploy/` is fitted to."""

    folder: Path
    certificate: Path
    key: Path
    plain_port: int
    port: int
    http: tuple[int, int]
    sockets: tuple[int, int]


def installed(program: str) -> str:
    """Return the path of a program. Raises `FileNotFoundError`, which says how to install it."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise FileNotFoundError(f"{program} is not installed: apt-get install {program}")
    return path


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    """Replace each of these texts. Raises `ValueError` for one that is not there, which would keep its old value."""
    for old, new in pairs:
        if old not in text:
            raise ValueError(f"{old!r} is not in the configuration.")
        text = text.replace(old, new)
    return text


def processes(place: Place) -> list[tuple[str, str]]:
    """The replacements of the addresses of our processes."""
    known = zip((8000, 8010, 8001, 8011), (*place.http, *place.sockets), strict=True)
    return [(f"127.0.0.1:{old}", f"127.0.0.1:{new}") for old, new in known]


def nginx_command(place: Place) -> list[str]:
    """Write the configuration of nginx, fitted to this place. Returns the command that runs it."""
    folder = place.folder
    shutil.copytree(DEPLOY / "nginx" / "snippets", folder / "snippets")
    own_folders = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = "".join(
        line
        for line in (DEPLOY / "nginx" / "nginx.conf").read_text().splitlines(keepends=True)
        if "[::]" not in line and not line.startswith("user ")
    )
    text = replaced(
        text,
        ("\nhttp {", f"\nhttp {{ {own_folders}"),
        ("/run/nginx.pid", f"{folder}/nginx.pid"),
        ("/var/log/nginx", f"{folder}/log"),
        ("/etc/ssl/speedycheers/fullchain.pem", str(place.certificate)),
        ("/etc/ssl/speedycheers/privkey.pem", str(place.key)),
        ("listen 80 ", f"listen 127.0.0.1:{place.plain_port} "),
        ("listen 443 ", f"listen 127.0.0.1:{place.port} "),
        *processes(place),
    )
    (folder / "nginx.conf").write_text(text)
    # The folders belong to the user who runs the tests, so root's workers are root's, too.
    return [installed("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off; user root;"]


def haproxy_command(place: Place) -> list[str]:
    """Write the configuration of HAProxy, fitted to this place. Returns the command that runs it."""
    both = place.folder / "cheers.pem"
    both.write_bytes(place.certificate.read_bytes() + place.key.read_bytes())
    text = "".join(
        line
        for line in (DEPLOY / "haproxy" / "haproxy.cfg").read_text().splitlines(keepends=True)
        if ":::" not in line and line.split()[:1] not in (["user"], ["group"])
    )
    text = replaced(
        text,
        ("log /dev/log local0", "log stdout format raw local0"),
        ("maxconn 30000", "maxconn 2000"),  # more than a test may open
        ("/etc/ssl/speedycheers/cheers.pem", str(both)),
        ("bind :80", f"bind 127.0.0.1:{place.plain_port}"),
        ("bind :443", f"bind 127.0.0.1:{place.port}"),
        *processes(place),
    )
    (place.folder / "haproxy.cfg").write_text(text)
    return [installed("haproxy"), "-f", str(place.folder / "haproxy.cfg"), "-db"]


COMMANDS: dict[str, Callable[[Place], list[str]]] = {"nginx": nginx_command, "haproxy": haproxy_command}


@contextlib.contextmanager
def proxy(kind: str, folder: Path, *, http: Sequence[int], sockets: Sequence[int]) -> Iterator[Proxy]:
    """Run a proxy before processes of ours on these ports, one or two of each kind, and end it afterwards.

    Raises `FileNotFoundError` if it is not installed.
    """
    log = folder / "log"
    log.mkdir(parents=True)
    certificate, key = own_certificate(folder, SITE)
    place = Place(folder, certificate, key, free_port(), free_port(), (http[0], http[-1]), (sockets[0], sockets[-1]))
    command = COMMANDS[kind](place)
    output = log / "output.txt"
    with output.open("w") as file, running(command, stdout=file, stderr=file) as process:
        wait_until(lambda: listening(place.port) or process.poll() is not None, START_S, f"{kind} listens")
        if process.poll() is not None:
            raise RuntimeError(f"{kind} has ended: {output.read_text()}")
        yield Proxy(process, place.plain_port, place.port, certificate, log)
        process.terminate()
        process.wait(10)
