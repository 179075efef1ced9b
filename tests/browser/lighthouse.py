"""Lighthouse on the landing page and the request screen, served as in production. `make lighthouse` runs it.

It needs Chromium, Node, and the program `lighthouse` (`npm install --global lighthouse`) on the PATH, or named by
LIGHTHOUSE. Its own profile stands: a phone four times slower than this machine, on a network of 1.6 Mbit/s with round
trips of 150 ms. As behind a proxy in production, pages come over TLS and HTTP/2. Each is loaded afresh `RUNS` times;
medians are judged. Exits with 1 where a goal is missed. LIGHTHOUSE_REPORTS names a folder for whole reports.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import expect, sync_playwright

from testbed.certificates import own_certificate
from testbed.processes import free_port, listening, running, wait_until
from testbed.stack import Stack, running_stack
from tests.browser.conftest import ARGUMENTS, WITHIN_MS, chromium
from tests.browser.people import Cast
from tests.browser.screens import Visit

RUNS = 3
TRIES = 2  # now and then it misses the start of its own recording, and asks to be run again
LEAST_SCORE = 95
# The most, in the audits' own units (milliseconds, and a share of the screen).
MOST = {"first-contentful-paint": 1000, "interactive": 2000}
ALSO_TOLD = ("largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift", "speed-index")
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "for-lighthouse-only-on-this-machine-and-for-a-few-minutes",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_COOKIES": "0",  # there is no TLS in front
    "EMAIL_URL": "none",
    "EMAIL_VERIFICATION": "optional",  # nobody reads the mails
}
Report = dict[str, Any]


@contextmanager
def production() -> Iterator[tuple[Stack, str]]:
    """The program with DEBUG off and its HTTP server of production; its address."""
    with running_stack("collectstatic", "--noinput", "-v0", **PRODUCTION) as stack:
        port = free_port()
        certificate, key = own_certificate(stack.data)
        command = [
            *(str(Path(sys.executable).with_name("granian")), "--interface", "asgi", "--port", str(port)),
            *("--ssl-certificate", str(certificate), "--ssl-keyfile", str(key)),
            *("--no-ws", "--log-level", "error", "speedycheers.asgi:application"),
        ]
        with running(command, env=stack.env) as process:
            wait_until(lambda: listening(port), 30, "granian listens")
            try:
                yield stack, f"https://127.0.0.1:{port}"
            finally:  # killed, it would leave its workers behind
                process.terminate()
                process.wait(10)


def session_cookies(stack: Stack, browser: str) -> str:
    """A signed-in user's cookies, as a header."""
    expect.set_options(timeout=WITHIN_MS)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        visit = Visit(found, stack.url).sign_in(Cast(stack).user("Ada"))
        cookies = visit.page.context.cookies()
        found.close()
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)


def examine(program: str, browser: str, url: str, headers: dict[str, str]) -> Report:
    """One run's whole report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        command = [
            *(program, url, "--quiet", "--output=json", f"--output-path={path}"),
            f"--chrome-flags=--headless=new --ignore-certificate-errors {' '.join(ARGUMENTS[:2])}",
            f"--extra-headers={json.dumps(headers)}",
        ]
        environment = {**os.environ, "CHROME_PATH": browser}
        for _ in range(TRIES):
            result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
            if result.returncode == 0:
                break
        else:
            sys.exit(f"Lighthouse failed on {url}:\n{result.stdout}{result.stderr}")
        report: Report = json.loads(path.read_text())
    if error := report.get("runtimeError"):
        sys.exit(f"Lighthouse failed on {url}: {error['message']}")
    return report


def failures(report: Report) -> Iterator[str]:
    """What a report finds wanting, beside the metrics."""
    for category in report["categories"].values():
        for reference in category["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                yield f"{category['id']}: {audit['title']} ({audit.get('displayValue') or audit['score']})"


def judge(name: str, reports: list[Report]) -> bool:
    """Print the medians, and answer whether all goals are met."""
    met = True
    for category in reports[0]["categories"]:
        score = 100 * statistics.median(report["categories"][category]["score"] for report in reports)
        met &= score >= LEAST_SCORE
        say(f"{name:16} {category:26} {score:8.0f}")
    for audit in (*MOST, *ALSO_TOLD):
        value = statistics.median(report["audits"][audit]["numericValue"] for report in reports)
        met &= value <= MOST.get(audit, value)
        say(f"{name:16} {audit:26} {value:8.0f}" if value >= 1 else f"{name:16} {audit:26} {value:8.3f}")
    for failure in failures(reports[-1]):
        say(f"{name:16} - {failure}")
    return met


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201


def main() -> int:
    """Examine both pages."""
    program = os.environ.get("LIGHTHOUSE") or shutil.which("lighthouse")
    browser = chromium()
    if program is None or browser is None:
        sys.exit("This needs Chromium and Lighthouse: npm install --global lighthouse, or name it in LIGHTHOUSE.")
    keep = os.environ.get("LIGHTHOUSE_REPORTS", "")
    met = True
    with production() as (stack, url):
        cookies = session_cookies(stack, browser)
        for name, headers in (("landing page", {}), ("request screen", {"Cookie": cookies})):
            reports = [examine(program, browser, f"{url}/", headers) for _ in range(RUNS)]
            if keep:
                Path(keep, f"{name.replace(' ', '-')}.json").write_text(json.dumps(reports[-1]))
            met &= judge(name, reports)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
