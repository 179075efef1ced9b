"""Which database a test of the whole suite runs on: both, unless it is listed here or uses none.

What locks, races, counts money, relies on a constraint or writes SQL runs on both. What decides before the database is
asked, and what only shows what it has read, proves the same on either. On SQLite, which takes less: sign-in, pages,
words, sockets, live positions, and what users and partners read. On PostgreSQL: what staff search and read, the drill's
judgement, cheats, and input that nobody should send. What starts a PostgreSQL of its own runs once, wherever there is
less to do.
"""

from fnmatch import fnmatch

import pytest

ONLY = {
    "sqlite": (
        "accounts/tests/test_confirmation.py",
        "accounts/tests/test_demo_accounts.py",
        "accounts/tests/test_log*.py",
        "accounts/tests/test_me.py",
        "accounts/tests/test_partner_decision.py",
        "accounts/tests/test_password_links.py",
        "accounts/tests/test_password_rules.py",
        "accounts/tests/test_push_subscription.py",
        "accounts/tests/test_secret_rotation.py",
        "accounts/tests/test_session_age.py",
        "accounts/tests/test_socket_ticket.py",
        "accounts/tests/test_staff_*.py",
        "accounts/tests/test_unnamed.py",
        "alerts/tests/test_half_hour.py",
        "alerts/tests/test_notices.py",
        "alerts/tests/test_rules.py",
        "api/tests/test_errors.py",
        "api/tests/test_throttles.py",
        "notifications/tests/sockets/test_bad_frames.py",
        "notifications/tests/sockets/test_closing.py",
        "notifications/tests/sockets/test_commands.py",
        "notifications/tests/sockets/test_handshake.py",
        "notifications/tests/sockets/test_hello.py",
        "notifications/tests/sockets/test_limits.py",
        "notifications/tests/sockets/test_live_page.py",
        "notifications/tests/sockets/test_lost_acks.py",
        "notifications/tests/sockets/test_security_log.py",
        "positions/tests/test_forwarding.py",
        "positions/tests/test_on_the_map.py",
        "positions/tests/test_plausible.py",
        "positions/tests/test_positions.py",
        "requests_app/tests/test_approximate_offers.py",
        "requests_app/tests/test_cheer_request_read.py",
        "requests_app/tests/test_offer_decision.py",
        "requests_app/tests/test_offer_prices.py",
        "requests_app/tests/test_offer_push.py",
        "requests_app/tests/test_request_type.py",
        "requests_app/tests/test_share.py",
        "requests_app/tests/test_update_location.py",
        "requests_app/tests/test_why_this_partner.py",
        "requests_app/tests/test_words.py",
        "requests_app/tests/test_words_untold.py",
        "rides/tests/test_changed_receipts.py",
        "rides/tests/test_fares.py",
        "rides/tests/test_receipt*.py",
        "rides/tests/test_ride.py",
        "risk/tests/test_traces.py",
        "tests/access/*",
        "tests/browser/*",
        "tests/e2e/test_generated_*.py",
        "tests/e2e/test_log_lines.py",
        "tests/e2e/test_readme.py",
        "tests/e2e/test_simulator.py",
        "tests/production/*",
        "tests/run/*",
        "tests/test_fake_stripe*.py",
        "tests/test_network_guard.py",
        "tests/test_no_network_in_transaction.py",
        "tests/test_security_log.py",
        "tests/test_security_log_input.py",
        "web/tests/test_*_page.py",
        "web/tests/test_account_*.py",
        "web/tests/test_address_change.py",
        "web/tests/test_app_files.py",
        "web/tests/test_assets.py",
        "web/tests/test_credentials_changed.py",
        "web/tests/test_credit_shown.py",
        "web/tests/test_error_pages.py",
        "web/tests/test_history.py",
        "web/tests/test_catalogues.py",
        "web/tests/test_languages.py",
        "web/tests/test_mails_to_strangers.py",
        "web/tests/test_personal_answers.py",
        "web/tests/test_provider_again.py",
        "web/tests/test_reauthentication.py",
        "web/tests/test_recovery_codes.py",
        "web/tests/test_request_screen.py",
        "web/tests/test_script_types.py",
        "web/tests/test_second_factor.py",
        "web/tests/test_security_headers.py",
        "web/tests/test_third_party.py",
        "web/tests/test_travel.py",
        "web/tests/test_wallet.py",
        "web/tests/test_who_sees_what.py",
        "web/tests/test_without_valkey.py",
    ),
    "postgres": (
        "*/tests/test_admin*.py",
        "backoffice/tests/test_reach.py",
        "backoffice/tests/test_sensitive_steps.py",
        "payments/tests/test_books_admin.py",
        "payments/tests/test_manual_entries_admin.py",
        "staff_api/tests/test_attempts.py",
        "staff_api/tests/test_dead_letters.py",
        "staff_api/tests/test_failed_deliveries.py",
        "staff_api/tests/test_offers.py",
        "staff_api/tests/test_paging.py",
        "staff_api/tests/test_partner_steps.py",
        "staff_api/tests/test_partners.py",
        "staff_api/tests/test_payments.py",
        "staff_api/tests/test_requests.py",
        "staff_api/tests/test_rides.py",
        "tests/cheating/*",
        "tests/e2e/test_cheer.py",
        "tests/e2e/test_least_privileges.py",
        "tests/e2e/test_push.py",
        "tests/fuzz/*",
        "tests/night/*",
        "tests/size/*",
        "tests/test_drill*.py",
        "tests/test_log_of_a_cheer.py",
    ),
}
OTHER = {"sqlite": "postgres", "postgres": "sqlite"}


def is_only_for(database: str, path: str, patterns: tuple[str, ...] = ()) -> bool:
    """Whether the tests of a file run on this database alone, by these patterns or by all that are listed."""
    return any(fnmatch(path, pattern) for pattern in patterns or ONLY[database])


def uses_database(item: pytest.Item) -> bool:
    """Whether a test uses a database: pytest-django's, the whole program's, or one of its own (`own_database`)."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "e2e", "own_database"))
    return marked or not {"db", "transactional_db", "django_db_setup", "stack"}.isdisjoint(
        getattr(item, "fixturenames", ())
    )


def has_no_part_in(database: str, path: str) -> bool:
    """Whether the whole suite runs none of a file's tests on this database."""
    return is_only_for(OTHER[database], path)


def has_a_part_in(item: pytest.Item, database: str) -> bool:
    """Whether the whole suite runs a test on this database; what uses none runs with SQLite."""
    path = item.nodeid.partition("::")[0]
    if database == "postgres" and not uses_database(item):
        return is_only_for("postgres", path)
    return not has_no_part_in(database, path)
