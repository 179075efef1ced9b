"""Processes for what computes for long: read line by line, of the lowest priority, and ended in time."""

import os
import sys

import pytest

from core.child import LOWEST_PRIORITY, lines_of

ENDLESS = "import os, time; print(os.getpid(), os.environ['PROCESS_KIND'], flush=True); time.sleep(600)"


def process(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_its_lines_come_as_they_are_written_and_it_ends_with_the_block() -> None:
    with lines_of(process(ENDLESS), limit_s=60) as lines:
        pid, kind = next(lines).split()
        assert kind == "shell"  # its log goes elsewhere
        assert os.getpriority(os.PRIO_PROCESS, int(pid)) == LOWEST_PRIORITY
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_one_that_fails_says_so_after_its_last_line() -> None:
    with lines_of(process("print(1); raise SystemExit(3)"), limit_s=60) as lines:
        assert next(lines) == "1\n"
        with pytest.raises(ChildProcessError):
            next(lines)


def test_one_that_takes_too_long_is_ended() -> None:
    with lines_of(process(ENDLESS), limit_s=0.01) as lines, pytest.raises(TimeoutError):
        list(lines)
