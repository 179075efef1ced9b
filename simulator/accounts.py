"""The bots' accounts, created through the API, and their stored tokens."""

import asyncio
import hashlib
import hmac
import json
import logging
import os
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

from simulator.client import Answer, Api

log = logging.getLogger(__name__)

DEVELOPMENT_SECRET = "bots-of-a-development-server"  # noqa: S105  # public on purpose; --secret replaces it
PASSWORD_CHARS = 24
UNAUTHENTICATED = 401


class Refused(Exception):
    """An account can't be created, can't sign in or isn't allowed to work; the message is for the log."""


def password_of(email: str, secret: str) -> str:
    """Derive a bot's password from the secret and its address; one password reveals nothing about another."""
    digest = hmac.new(secret.encode(), email.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode()[:PASSWORD_CHARS]


class Keyring:
    """Tokens by e-mail address, stored in one file per server that only its owner can read."""

    def __init__(self, folder: Path | None, server: str) -> None:
        name = hashlib.sha256(server.rstrip("/").encode()).hexdigest()[:12]
        self.path = folder / f"tokens-{name}.json" if folder else None
        self.tokens: dict[str, str] = {}
        if self.path is not None:
            try:
                found = json.loads(self.path.read_text())
                self.tokens = {str(email): str(token) for email, token in found.items()}
            except (OSError, ValueError, AttributeError):
                pass  # missing or unusable: the bots sign in again

    def remember(self, email: str, token: str) -> None:
        """Store a token, for this run only if there is no file or it can't be written."""
        self.tokens[email] = token
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft = self.path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(json.dumps(self.tokens))
            draft.replace(self.path)
        except OSError as error:
            log.warning("tokens are not kept (%s)", error.strerror)
            self.path = None


class Account:
    """One bot's account, which signs up and signs in as needed."""

    def __init__(self, api: Api, keyring: Keyring, *, email: str, name: str, password: str) -> None:
        self.api, self.keyring = api, keyring
        self.email, self.name = email, name
        self._password = password
        self._signing_in = asyncio.Lock()

    async def token(self, *, stale: str | None = None) -> str:
        """Return a token other than `stale`, signing in if necessary. Raises `Refused`."""
        async with self._signing_in:  # the socket and a call may ask at the same time
            held = self.keyring.tokens.get(self.email)
            if held is not None and held != stale:
                return held
            async with self.api.sign_ins:
                fresh = await self._sign_in(known=held is not None)
            self.keyring.remember(self.email, fresh)
            return fresh

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None, key: str = "") -> Answer:
        """Call the API as this account; an expired token is replaced once. Raises `Refused`."""
        token = await self.token()
        answer = await self.api.call(method, path, token=token, body=body, key=key)
        if answer.status == UNAUTHENTICATED:
            token = await self.token(stale=token)
            answer = await self.api.call(method, path, token=token, body=body, key=key)
        return answer

    async def _sign_in(self, *, known: bool) -> str:
        # An account without a token signs up first: the server counts a failed sign-in and hashes a password for it.
        if not known:
            await self._sign_up()
        answer = await self._log_in()
        if answer.status == UNAUTHENTICATED and known:
            await self._sign_up()
            answer = await self._log_in()
        if not answer.ok:
            raise Refused(f"a bot's account can't sign in ({answer.code}); was it made with another secret?")
        return str(answer.body["token"])

    async def _sign_up(self) -> None:
        body = {"email": self.email, "password": self._password, "name": self.name}
        answer = await self.api.call("POST", "/signup", body=body)
        if not answer.ok:  # the answer is the same if the account exists
            raise Refused(f"a bot's account can't be made ({answer.code})")

    async def _log_in(self) -> Answer:
        return await self.api.call("POST", "/login", body={"email": self.email, "password": self._password})


class Staff:
    """The staff account that approves the bots' applications. It signs in when first needed; its token isn't stored."""

    def __init__(self, api: Api, *, email: str, password: str) -> None:
        self.api = api
        self._credentials = {"email": email, "password": password}
        self._token = ""
        self._signing_in = asyncio.Lock()

    async def approve(self, partner_id: str) -> None:
        """Approve an application; an approved one is left as it is. Raises `Refused`."""
        for _ in range(2):
            answer = await self.api.call(
                "POST", f"/partner/{partner_id}/approve", token=await self._signed_in(), body={}
            )
            if answer.ok or answer.code == "wrong_state":
                return
            if answer.status != UNAUTHENTICATED:
                break
            self._token = ""
        raise Refused(f"a bot's application is not approved ({answer.code})")

    async def _signed_in(self) -> str:
        async with self._signing_in:
            if not self._token:
                answer = await self.api.call("POST", "/login", body=self._credentials)
                if not answer.ok:
                    raise Refused(f"the staff account can't sign in ({answer.code})")
                self._token = str(answer.body["token"])
            return self._token
