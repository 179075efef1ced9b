"""`manage.py books`: trial balance, ages, journal and bank of the ledger, and the closing of a month."""

from argparse import ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from core.amounts import major
from core.errors import ServiceError
from payments.books import ageing, banking, journal
from payments.books.balances import Scope, balances
from payments.books.closing import close, month_named
from regions.models import Region


def moment(text: str) -> datetime:
    """Parse a day, or a moment with its offset."""
    try:
        return journal.day(text) if len(text) == len("2026-10-31") else _aware(datetime.fromisoformat(text))
    except ValueError:
        raise ArgumentTypeError(f"{text} is neither a day nor a moment such as 2026-10-31T12:00:00+00:00") from None


def is_midnight(found: datetime) -> bool:
    """Return whether a day begins in UTC at this moment."""
    return journal.day_after(found) - found == timedelta(days=1)


def _aware(found: datetime) -> datetime:
    if found.tzinfo is None:
        raise ValueError("no offset")
    return found


class Command(BaseCommand):
    help = (
        "Print the ledger's trial balance, ages, journal or bank, or close a month (docs/payments.md, A month's end)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        for name, help in (
            ("trial-balance", "each account's balance at the start, debits, credits, and balance at the end, as CSV"),
            ("ages", "what users owe and partners are owed now, by age, as CSV"),
            ("journal", "every entry"),
            ("bank", "the payouts to our bank, each with the movements that it consists of, as CSV"),
        ):
            one = what.add_parser(name, help=help)
            if name != "bank":
                one.add_argument("--region", default="", help="the name of a region (default: all)")
            one.add_argument("--currency", default="", help="for example usd (default: all)")
            if name != "ages":
                one.add_argument("--from", dest="start", type=moment, help="a day or a moment (default: the first)")
                one.add_argument("--to", dest="end", type=moment, help="not included (default: the coming midnight)")
            if name == "journal":
                one.add_argument("--format", choices=("csv", "beancount"), default="csv")
        closing = what.add_parser("close", help="close a month, which then takes no entries")
        closing.add_argument("month", help="for example 2026-10")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "close":
            self._close(options["month"])
            return
        scope = self._scope(options)
        start, end = options.get("start"), options.get("end") or journal.day_after(clock.now())
        if options["what"] == "ages":
            lines = journal.as_csv(self._ages(scope))
        elif options["what"] == "trial-balance":
            lines = journal.as_csv(self._balances(start, end, scope))
        elif options["what"] == "bank":
            lines = banking.csv_of(start, end, scope.currency)
        else:
            if options["format"] == "beancount" and not all(each is None or is_midnight(each) for each in (start, end)):
                raise CommandError("Beancount knows days only.")
            lines = (journal.csv_of if options["format"] == "csv" else journal.beancount_of)(start, end, scope)
        for line in lines:
            self.stdout.write(line, ending="")

    def _scope(self, options: dict[str, Any]) -> Scope:
        if not options.get("region"):
            return Scope(currency=options["currency"].lower())
        region = Region.objects.filter(name=options["region"]).first()
        if region is None:
            raise CommandError("There is no region of this name.")
        return Scope(region.pk, options["currency"].lower())

    def _close(self, month: str) -> None:
        try:
            period = close(month_named(month), actor=None, now=clock.now())
        except ServiceError as error:
            raise CommandError(error.detail) from None
        self.stdout.write(f"{period} is closed: {sum(row.entries for row in period.totals.all())} entries.")

    def _balances(self, start: datetime | None, end: datetime, scope: Scope) -> Any:
        names: dict[Any, str] = dict(Region.objects.values_list("pk", "name"))
        yield "region", "currency", "account", "opening", "debit", "credit", "closing"
        for row in balances(start, end, scope):
            figures = (row.opening, row.debit, row.credit, row.closing)
            shown = [major(each, row.currency) for each in figures]
            yield names.get(row.region, ""), row.currency.upper(), row.account, *shown

    def _ages(self, scope: Scope) -> Any:
        now, limits = clock.now(), [f"{days} days and older" for days in ageing.DAYS]
        yield "owed", "currency", "younger", *limits, "owed back", "total"
        for who, found in (
            ("by users", ageing.owed_by_users(scope, now=now)),
            ("to partners", ageing.owed_to_partners(scope, now=now)),
        ):
            for ages in found:
                shown = [major(each, ages.currency) for each in (*ages.sums, ages.back, ages.total)]
                yield who, ages.currency.upper(), *shown
