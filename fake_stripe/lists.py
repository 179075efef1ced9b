"""Reading objects: one, or pages of a list (docs.stripe.com/api/pagination, docs.stripe.com/expand)."""

from typing import Any

from fake_stripe.account import Account
from fake_stripe.errors import missing
from fake_stripe.things import Thing

PAGE_MAX = 100
# The parameters that a list is filtered by, each an attribute of its objects.
FILTERS = ("account", "currency", "customer", "payment_intent", "source", "transfer", "transfer_group", "type")


def expanded(account: Account, thing: Thing, params: Thing, *, within: str = "") -> Thing:
    """Return the object, with the ids named in `expand` replaced by their objects."""
    copy = dict(thing)
    if thing["object"] == "balance_transaction":
        copy["status"] = account.status_of(thing)
    for path in params.get("expand", {}).values():
        name = str(path).removeprefix(within)
        if str(path).startswith(within) and copy.get(name) in account.things:
            copy[name] = account.things[copy[name]]
    return copy


def page_of(account: Account, kind: str, params: Thing) -> Thing:
    """A page of a list, newest first."""
    found = account.lines_of(params["payout"]) if "payout" in params else account.every(kind)
    found = [thing for thing in found if _is_within(thing["created"], params.get("created", {}))]
    for field in FILTERS:
        if field in params:
            found = [thing for thing in found if thing.get(field) == params[field]]
    if after := params.get("starting_after"):
        ids = [thing["id"] for thing in found]
        if after not in ids:
            raise missing(kind, after)
        found = found[ids.index(after) + 1 :]
    limit = min(PAGE_MAX, int(params.get("limit", 10)))
    page = [expanded(account, thing, params, within="data.") for thing in found[:limit]]
    return {"object": "list", "data": page, "has_more": len(found) > limit, "url": f"/v1/{kind}s"}


def _is_within(created: int, limits: dict[str, Any]) -> bool:
    return int(limits.get("gte", 0)) <= created and ("lt" not in limits or created < int(limits["lt"]))
