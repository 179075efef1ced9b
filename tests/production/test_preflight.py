"""`manage.py preflight` names what is wrong with an installation, and says what to do."""

import json
from typing import Any

from ops.preflight import Level, error, findings
from ops.preflight.environment import is_example
from ops.preflight.services import Fleet
from testbed.production import COLLECT
from tests.production.installation import Installation, pgbouncer

LIMITS = {"lock_timeout": "10s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "30s"}


def looked_at(installation: Installation, *arguments: str, **settings: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the findings."""
    ran = installation.manage("preflight", "--json", *arguments, **settings)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def wrong(found: list[dict[str, Any]]) -> dict[str, str]:
    """Return the sentence about each subject in error."""
    return {finding["subject"]: finding["said"] for finding in found if finding["level"] == "error"}


def test_a_sound_installation_lacks_only_its_files(installation: Installation) -> None:
    code, found = looked_at(installation)
    assert set(wrong(found)) == {"static files"}
    assert code == 1
    assert installation.manage(*COLLECT).returncode == 0
    code, found = looked_at(installation)
    assert (code, wrong(found)) == (0, {})
    subjects = {finding["subject"] for finding in found}
    assert subjects >= {"mail", "proxy", "addresses", "database", "migrations", "time-outs", "connections", "clocks"}
    assert subjects >= {"valkey", "web push", "static files", "time zones"}


def test_every_flaw_is_named_with_a_remedy(installation: Installation) -> None:
    settings = {
        "NUM_PROXIES": "0",
        "EMAIL_URL": "smtp+tls://u:secret-word@127.0.0.1:1",
        "DEFAULT_FROM_EMAIL": "hello@speedycheers.test",
        "SITE_URL": "https://elsewhere.org",
        "STRIPE_SECRET_KEY": "sk_live_secret-word",
        "VAPID_PRIVATE_KEY": "no-key",
        "DATABASE_STATEMENT_TIMEOUT_S": "0",
    }
    code, found = looked_at(installation, "--web", "40", **settings)
    subjects = {"proxy", "mail", "sender", "addresses", "payments", "web push", "time-outs", "connections"}
    assert (code, subjects - set(wrong(found))) == (1, set())
    assert all(finding["remedy"] for finding in found if finding["level"] != "ok")
    assert "secret-word" not in json.dumps(found)


def test_a_proxy_that_is_not_believed_is_found(installation: Installation) -> None:
    code, found = looked_at(installation, BEHIND_PROXY="0", TRUSTED_ORIGINS="http://app.speedy.org")
    assert code == 1
    assert {"proxy", "addresses"} <= set(wrong(found))


def test_partners_who_would_never_be_ready_are_found(installation: Installation) -> None:
    stripe = {
        "STRIPE_SECRET_KEY": "sk_live_secret-word",
        "STRIPE_WEBHOOK_SECRET": "whsec_1,whsec_2",
        "STRIPE_CONNECT": "1",
    }
    _, found = looked_at(installation, **stripe)
    assert "STRIPE_CONNECT_WEBHOOK_SECRET is not" in wrong(found)["payouts"]
    _, found = looked_at(installation, **stripe, STRIPE_CONNECT_WEBHOOK_SECRET="whsec_2")
    assert "a secret in common" in wrong(found)["payouts"]
    _, found = looked_at(installation, **stripe, STRIPE_CONNECT_WEBHOOK_SECRET="whsec_3")
    assert not {"payments", "payouts"} & set(wrong(found))


def test_people_read_it_as_sentences(installation: Installation) -> None:
    ran = installation.manage("preflight", NUM_PROXIES="0")
    assert ran.returncode == 1
    assert "ERROR   proxy: BEHIND_PROXY is set and NUM_PROXIES is 0" in ran.stdout
    assert "→ Set NUM_PROXIES to the number of proxies" in ran.stdout


def test_a_database_that_is_away_is_a_finding_and_the_others_go_on(installation: Installation) -> None:
    code, found = looked_at(installation, DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert (code, wrong(found)["database"]) == (1, "could not be looked at: OperationalError")
    assert [finding for finding in found if finding["subject"] == "valkey"]


def test_an_address_of_several_servers_that_may_end_at_a_replica_is_found(installation: Installation) -> None:
    several = installation.url.replace("host=", "host=/nowhere,")
    _, found = looked_at(installation, DATABASE_URL=several)
    assert "may end at a replica" in wrong(found)["database servers"]
    _, found = looked_at(installation, DATABASE_URL=f"{several}&target_session_attrs=read-write")
    assert [f["level"] for f in found if f["subject"] == "database servers"] == ["warning"]  # none is synchronous


def test_a_database_that_forgets_what_it_confirms_is_found(installation: Installation) -> None:
    with installation.connect() as connection:
        connection.execute(f"ALTER DATABASE {installation.database} SET synchronous_commit = 'off'")
        try:
            _, found = looked_at(installation)
        finally:
            connection.execute(f"ALTER DATABASE {installation.database} SET synchronous_commit = 'on'")
    assert "synchronous_commit is off" in wrong(found)["database servers"]


def test_behind_pgbouncer_time_outs_that_nobody_has_set_are_found(installation: Installation) -> None:
    """PgBouncer refuses startup options, and would drop them silently if it were told to ignore them."""
    with pgbouncer(installation) as url:
        _, found = looked_at(installation, DATABASE_URL=url)
        assert "database" in wrong(found)  # with the startup options no connection is made at all
        code, found = looked_at(installation, DATABASE_URL=url, DATABASE_STARTUP_OPTIONS="0")
        told = [finding["said"] for finding in found if finding["subject"] == "time-outs"]
        assert (code, len([said for said in told if "is 0 on our connections" in said])) == (1, 3)
        assert "database" not in wrong(found)


def test_behind_pgbouncer_the_role_sets_the_time_outs(installation: Installation) -> None:
    with installation.connect() as connection:
        for name, value in LIMITS.items():
            connection.execute(f"ALTER ROLE postgres IN DATABASE {installation.database} SET {name} = '{value}'")
        try:
            with pgbouncer(installation) as url:
                _, found = looked_at(installation, DATABASE_URL=url, DATABASE_STARTUP_OPTIONS="0")
                ran = installation.manage(
                    "shell",
                    "-c",
                    "from regions.models import Region; print(len(list(Region.objects.iterator())))",
                    DATABASE_URL=url,
                    DATABASE_STARTUP_OPTIONS="0",
                )
        finally:
            connection.execute(f"ALTER ROLE postgres IN DATABASE {installation.database} RESET ALL")
    assert "time-outs" not in wrong(found)
    assert ran.returncode == 0, ran.stderr


def test_a_check_that_fails_is_a_finding() -> None:
    def broken() -> list[Any]:
        raise ValueError("secret")

    (found,) = findings([broken])
    assert (found.level, found.said) == (Level.ERROR, "could not be looked at: ValueError")
    assert list(findings([lambda: [error("a", "b", "c")]])) == [error("a", "b", "c")]


def test_the_budget_counts_what_threads_hold() -> None:
    assert Fleet(web=8, sockets=2, workers=2, sweeps=2).connections == 8 * 8 + 2 * 9 + 2 * 5 + 2 * 4


def test_what_is_an_example() -> None:
    assert all(map(is_example, ("speedycheers.test", "example.com", "mail.example", "")))
    assert not is_example("cheers.speedy.org")
