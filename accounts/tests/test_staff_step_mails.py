"""People are told what staff have done with their account, in their language."""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.deferred_mails import mail_later
from accounts.models import DeferredMail, User
from backoffice.tests.desk import desk_of, take
from tests.cast import fresh, with_factor
from web.tests.test_address_change import deliver


@pytest.fixture
def owner(user: User) -> User:
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    DeferredMail.objects.all().delete()
    return user


def deactivate(desk: Client, user: User) -> None:
    take(desk, user, "deactivate")
    assert not fresh(user).is_active


def remove_factor(desk: Client, user: User) -> None:
    factor = Authenticator.objects.get(user=with_factor(user))
    take(desk, factor, "remove", reason="lost phone")
    assert not Authenticator.objects.filter(user=user).exists()


def sign_out(desk: Client, user: User) -> None:
    take(desk, user, "revoke")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (deactivate, {"en": "has been deactivated", "de": "deaktiviert", "es": "desactivad"}),
        (remove_factor, {"en": "second factor", "de": "entfernt", "es": "segundo factor"}),
        (sign_out, {"en": "signed out everywhere", "de": "überall abgemeldet", "es": "todas partes"}),
    ],
)
@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_the_person_is_told(
    owner: User, staff: User, step: Callable[[Client, User], None], said: dict[str, str], language: str
) -> None:
    User.objects.filter(pk=owner.pk).update(language=language)
    step(desk_of(staff), owner)
    deliver()
    (sent,) = mail.outbox
    assert sent.to == [owner.email]
    assert said[language] in sent.subject
    assert "lost phone" not in sent.body


def test_a_refused_step_tells_nobody(owner: User, staff: User) -> None:
    take(desk_of(staff), staff, "deactivate")
    assert fresh(staff).is_active
    assert not DeferredMail.objects.exists()


def test_a_deactivated_account_gets_no_other_mail(owner: User, staff: User) -> None:
    mail_later("password_guesses", owner, now=timezone.now())
    deactivate(desk_of(staff), owner)
    deliver()
    assert [sent.to for sent in mail.outbox] == [[owner.email]]
