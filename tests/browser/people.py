"""Accounts for browser tests, made through the API as anybody's are."""

import itertools
from dataclasses import dataclass

from testbed.stack import Stack

PASSWORD = "hip-hip-hooray-42"
STAFF = "staff@demo.test"
_number = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """An account that can sign in."""

    name: str
    email: str
    password: str = PASSWORD


class Cast:
    """The accounts of one test."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._tokens: dict[Person, str] = {}
        self._users: list[Person] = []
        self._partners: list[Person] = []

    def user(self, name: str = "Ada") -> Person:
        """A user."""
        person = Person(name, f"{name.lower()}{next(_number)}@browser.test")
        body = {"email": person.email, "password": person.password, "name": name}
        status, answer = self._stack.call("POST", "/signup", body)
        assert status == 201, answer
        self._users.append(person)
        return person

    def applicant(self, name: str = "Pia") -> Person:
        """Somebody who wants to be a partner."""
        person = self.user(name)
        status, answer = self._stack.call(
            "POST", "/partner/apply", {"name": name, "phone": "+1 212 555 0100"}, self.token(person)
        )
        assert status == 201, answer
        self._users.remove(person)
        self._partners.append(person)
        return person

    def partner(self, name: str = "Pia") -> Person:
        """An approved partner, offline."""
        person = self.applicant(name)
        self.approve(person)
        return person

    def staff(self) -> Person:
        """The demo member of staff."""
        return Person("Demo Staff", STAFF, "cheers-demo")

    def approve(self, person: Person) -> None:
        """Staff approve an applicant."""
        _, me = self._stack.call("GET", "/me", token=self.token(person))
        path = f"/partner/{me['partner']['partnerId']}/approve"
        status, answer = self._stack.call("POST", path, {}, self.token(self.staff()))
        assert status == 200, answer

    def confirm_address(self, person: Person) -> None:
        """They have followed the link in our mail."""
        code = (
            "from allauth.account.models import EmailAddress; from accounts.models import User; "
            f"EmailAddress.objects.update_or_create(email={person.email!r}, "
            f"user=User.objects.get(email={person.email!r}), defaults={{'verified': True, 'primary': True}})"
        )
        self._stack.manage("shell", "-v0", "-c", code)

    def token(self, person: Person) -> str:
        """A token of theirs; each costs a slow hash."""
        if person not in self._tokens:
            self._tokens[person] = self._stack.token(person.email, person.password)
        return self._tokens[person]

    def request_of(self, person: Person) -> dict[str, object]:
        """Their latest request, as the API has it."""
        _, answer = self._stack.call("GET", "/cheerRequest", token=self.token(person))
        latest: dict[str, object] = answer["results"][0]
        return latest

    def leave(self) -> None:
        """However the test ended, nobody waits any more, and nobody stays busy or online."""
        for person in self._users:
            token = self.token(person)
            _, requests = self._stack.call("GET", "/cheerRequest", token=token)
            for request in requests["results"]:  # those that are over refuse, which is fine
                self._stack.call("POST", f"/cheerRequest/{request['requestId']}/cancel", {}, token)
        for person in self._partners:
            token = self.token(person)
            _, rides = self._stack.call("GET", "/ride", token=token)
            for ride in rides["results"]:
                if ride["status"] == "en_route":
                    body = {"rideId": ride["rideId"], "reason": "the test is over"}
                    self._stack.call("POST", "/rideCancel", body, token)
                elif ride["status"] == "in_progress":
                    self._stack.call("POST", "/rideEnd", {"rideId": ride["rideId"]}, token)
            self._stack.call("POST", "/partner/status", {"status": "offline"}, token)

    def asks_for_nothing(self, person: Person) -> None:
        """Nothing is to be cleared for them, which would take a token: a second factor ends theirs."""
        self._users.remove(person)

    def forget(self) -> None:
        """They have left; what follows begins with nobody."""
        self._users.clear()
        self._partners.clear()
