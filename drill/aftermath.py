"""Asks a drilled system, at its end, what it knows of itself."""

from drill.system import System


def push_key(system: System) -> str:
    """The public key that signs the program's pushes."""
    status, answer = system.stack.call("GET", "/pushKey")
    assert status == 200, answer
    return str(answer["publicKey"])


def audit(system: System) -> str:
    """Run `manage.py audit` and return the last line of its findings, or "" if every promise holds."""
    try:
        system.stack.manage("audit", "--live")
    except AssertionError as error:
        return str(error).strip().splitlines()[-1][:80]
    return ""


def reconciler(system: System) -> str:
    """Run `manage.py reconcile` and return its last line, or "" if it finds nothing."""
    try:
        closing = system.stack.manage("reconcile").strip().splitlines()[-1]
    except AssertionError as error:
        return str(error).strip().splitlines()[-1][:80]
    return "" if closing.endswith("0 repaired, 0 differ.") else closing
