"""The account over HTTP, for the provider's own client library and its browser script."""

import json
import re
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fake_stripe.account import Account
from fake_stripe.errors import Refusal, declined, invalid, key_in_use
from fake_stripe.idempotency import KeysInUse, fingerprint, once
from fake_stripe.lists import expanded, page_of
from fake_stripe.things import Thing

# The faults that can be ordered, one for each following call.
LOST_REQUEST = "lost_request"  # the connection breaks before the call takes effect
LOST_REPLY = "lost_reply"  # the connection breaks after the effect
RATE_LIMITED = "rate_limited"  # 429 without an effect
BROKEN = "broken"  # 500 without an effect; the key is still unused
POISONED = "poisoned"  # 500 after the effect, and at every repetition of the key
# Another release has made the call with other parameters, and its reply was lost: the key's next use is refused.
OTHER_PARAMETERS = "other_parameters"
IN_USE = "in_use"  # 409 without an effect: another call with the same key is under way
DECLINED = "declined"  # 402 without an effect, also of a capture; not among the faults that any call may meet
FAULTS = (LOST_REQUEST, LOST_REPLY, RATE_LIMITED, BROKEN, POISONED, OTHER_PARAMETERS, IN_USE)
BODY_MAX_BYTES = 64 * 1024
# Calls that a page may make with the publishable key and the object's own secret.
BROWSER_CALLS = re.compile(r"/v1/(setup_intents|payment_intents)/[^/]+(/confirm|/answer)?$")
FORM = re.compile(r"/(onboarding|bank)/([^/]+)$")  # pages of ours that stand for Stripe's form and a card's bank
Route = tuple[str, "re.Pattern[str]", Callable[..., Thing]]


def unflatten(pairs: list[tuple[str, str]]) -> Thing:
    """Form fields `a[b][c]=v` as nested objects; list indices stay keys."""
    tree: Thing = {}
    for name, value in pairs:
        *path, last = re.findall(r"[^\[\]]+", name) or [name]
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return tree


def routes(account: Account) -> list[Route]:
    """The routes as (method, path, function). A function takes the groups of the path, then the parameters."""
    a = account

    def on(method: str, path: str, do: Callable[..., Thing]) -> Route:
        return method, re.compile(f"/v1/{path}$"), do

    def reading(kind: str) -> Callable[..., Thing]:
        return lambda id, params: expanded(account, a.find(kind, id), params)

    def listing(kind: str) -> Callable[..., Thing]:
        return lambda params: page_of(account, kind, params)

    return [
        *_card_routes(account, on, reading),
        on("POST", "payment_intents", lambda p: expanded(account, a.create_payment_intent(p), p)),
        on("GET", "payment_intents", listing("payment_intent")),
        on("GET", "payment_intents/([^/]+)", reading("payment_intent")),
        on("POST", "payment_intents/([^/]+)/confirm", a.confirm_payment_intent),
        on("POST", "payment_intents/([^/]+)/answer", lambda id, p: a.answer_payment_intent(id, agrees=_agrees(p))),
        on("POST", "payment_intents/([^/]+)/capture", a.capture_payment_intent),
        on("POST", "payment_intents/([^/]+)/cancel", a.cancel_payment_intent),
        on("POST", "refunds", a.create_refund),
        on("GET", "refunds", listing("refund")),
        on("GET", "refunds/([^/]+)", reading("refund")),
        on("GET", "disputes", listing("dispute")),
        on("GET", "disputes/([^/]+)", reading("dispute")),
        on("POST", "disputes/([^/]+)", a.update_dispute),
        on("GET", "payouts/([^/]+)", reading("payout")),
        on("GET", "payouts", lambda p: listing("payout")({**p, "account": None})),
        on("GET", "balance_transactions", listing("balance_transaction")),
        on("GET", "balance_transactions/([^/]+)", reading("balance_transaction")),
        on("POST", "accounts", a.create_account),
        on("GET", "accounts/([^/]+)", a.retrieve_account),
        on("POST", "account_links", a.create_account_link),
        on("POST", "transfers", a.create_transfer),
        on("GET", "transfers", listing("transfer")),
        on("GET", "transfers/([^/]+)", reading("transfer")),
        on("POST", "transfers/([^/]+)/reversals", a.reverse_transfer),
        on("GET", "transfers/([^/]+)/reversals", lambda id, p: page_of(a, "transfer_reversal", {**p, "transfer": id})),
    ]


def _card_routes(a: Account, on: Callable[..., Route], reading: Callable[[str], Callable[..., Thing]]) -> list[Route]:
    """The routes about customers and the cards that they save."""
    return [
        on("POST", "customers", a.create_customer),
        on("DELETE", "customers/([^/]+)", a.delete_customer),
        on(
            "GET",
            "customers/([^/]+)/payment_methods",
            lambda id, p: page_of(a, "payment_method", {**p, "customer": a.find("customer", id)["id"]}),
        ),
        on("POST", "payment_methods/([^/]+)/detach", a.detach_card),
        on("POST", "setup_intents", a.create_setup_intent),
        on("GET", "setup_intents/([^/]+)", reading("setup_intent")),
        on("POST", "setup_intents/([^/]+)/confirm", a.confirm_setup_intent),
        on("POST", "setup_intents/([^/]+)/cancel", a.cancel_setup_intent),
        on("POST", "setup_intents/([^/]+)/answer", lambda id, p: a.answer_setup_intent(id, agrees=_agrees(p))),
    ]


def _agrees(params: Thing) -> bool:
    return params.get("agrees") == "true"


class Server(ThreadingHTTPServer):
    """An HTTP server on loopback. `faults` are applied to the next calls, in order.

    A list whose path is in `unreadable` is answered with that error.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, account: Account, *, port: int = 0, secret_key: str, publishable_key: str) -> None:
        self.account = account
        self.routes = routes(account)
        self.secret_key, self.publishable_key = secret_key, publishable_key
        self.faults: deque[str] = deque()
        self.unreadable: dict[str, Refusal] = {}
        self.keys_in_use = KeysInUse()
        super().__init__(("127.0.0.1", port), Handler)
        account.pages = self.url

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def take_fault(self) -> str:
        """Return the fault for the present call, or an empty string for none."""
        return self.faults.popleft() if self.faults else ""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet per answer

    def do_GET(self) -> None:
        self.handle_call("GET")

    def do_POST(self) -> None:
        self.handle_call("POST")

    def do_DELETE(self) -> None:
        self.handle_call("DELETE")

    def do_OPTIONS(self) -> None:
        self.answer(204, {})

    def handle_call(self, method: str) -> None:
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, BODY_MAX_BYTES)).decode()
        if form := FORM.match(address.path):
            self.show_form(form[1], form[2], dict(parse_qsl(body)), back=dict(parse_qsl(address.query)).get("back", ""))
            return
        params = unflatten(parse_qsl(body if method == "POST" else address.query, keep_blank_values=True))
        fault = self.server.take_fault() if method != "GET" and not self.from_browser() else ""
        if fault == LOST_REQUEST:
            self.close_connection = True
            return
        if fault == RATE_LIMITED:
            self.answer(429, {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Slow down"}})
            return
        if fault == BROKEN:
            self.answer(500, {"error": {"type": "api_error", "message": "Something went wrong on Stripe's end."}})
            return
        if fault in (IN_USE, DECLINED):
            refusal = key_in_use() if fault == IN_USE else declined("card_declined", "generic_decline")
            self.answer(refusal.status, refusal.body)
            return
        status, answer, replayed = self.perform(method, address.path, params, fault)
        if fault in (LOST_REPLY, OTHER_PARAMETERS):
            self.close_connection = True
            return
        self.answer(status, answer, replayed=replayed)

    def show_form(self, form: str, id: str, chosen: dict[str, str], *, back: str) -> None:
        """Show the form for an account's details or a dispute, or take what was chosen in it and lead `back`."""
        account = self.server.account
        show, leave = {
            "onboarding": (account.onboarding_page, account.leave_onboarding),
            "bank": (account.bank_page, account.leave_bank),
        }[form]
        try:
            with account.lock:
                page = show(id).encode()
                if self.command == "POST":
                    leave(id, chosen.get("then", ""))
                    account.save()
        except Refusal as refusal:
            self.answer(refusal.status, refusal.body)
            return
        self.send_response(303 if self.command == "POST" else 200)
        if self.command == "POST":
            page = b""
            self.send_header("Location", back or self.path)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        self.wfile.flush()

    def perform(self, method: str, path: str, params: Thing, fault: str = "") -> tuple[int, Thing, bool]:
        """Perform the call, once per idempotency key. Returns the status, the body, and whether it is a replay."""
        key = self.headers.get("Idempotency-Key", "") if method == "POST" else ""
        try:
            with self.server.keys_in_use.using(key):
                if method == "GET" and path in self.server.unreadable:
                    raise self.server.unreadable[path]
                return self._perform(method, path, params, key, fault)
        except Refusal as refusal:
            return refusal.status, refusal.body, False

    def _perform(self, method: str, path: str, params: Thing, key: str, fault: str) -> tuple[int, Thing, bool]:
        account = self.server.account
        with account.lock:
            self.authorize(path, params)
            do, groups = self.find_route(method, path)
            params.pop("client_secret", None)
            call = fingerprint(path, {**params, "description": "another"} if fault == OTHER_PARAMETERS else params)
            answer = once(account, key, call, lambda: do(*groups, params), poisoned=fault == POISONED)
            if method != "GET":
                account.save()
            return answer

    def find_route(self, method: str, path: str) -> tuple[Callable[..., Thing], tuple[str, ...]]:
        for verb, pattern, do in self.server.routes:
            if verb == method and (match := pattern.match(path)):
                return do, match.groups()
        raise Refusal(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).", keep=False)

    def key_used(self) -> str:
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        return key if scheme == "Bearer" else ""

    def from_browser(self) -> bool:
        return self.key_used() == self.server.publishable_key

    def authorize(self, path: str, params: Thing) -> None:
        """Allow the secret key every call, and a page the calls on the object whose secret it has. Raises `Refusal`."""
        if self.key_used() == self.server.secret_key:
            return
        if self.from_browser() and BROWSER_CALLS.match(path):
            thing = self.server.account.things.get(path.split("/")[3], {})
            if thing.get("client_secret") and thing["client_secret"] == params.get("client_secret"):
                return
            raise invalid("The client_secret does not match.", keep=False)
        raise Refusal(401, "invalid_request_error", "Invalid API Key provided.", keep=False)

    def answer(self, status: int, body: Any, *, replayed: bool = False) -> None:
        content = json.dumps(body).encode() if status != 204 else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Request-Id", "req_demo")
        # Pages call the real API across origins, too.
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
        if replayed:
            self.send_header("Idempotent-Replayed", "true")
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: paths contain the ids of objects."""
