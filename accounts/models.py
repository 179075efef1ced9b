"""Accounts, partners, socket tickets and deferred mails."""

from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.states import PARTNER_GRAPH, Application, PartnerStatus, PartnerType
from core.ids import new_id
from core.schema import PrefixIndex
from core.texts import Name
from core.transitions import Stateful, Transition
from regions.models import Region


class Role(models.TextChoices):
    USER = "user", "User"
    PARTNER = "partner", "Partner"
    STAFF = "staff", "Staff"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a superuser, for whose address the command line vouches."""
        with transaction.atomic():
            user = self.create_user(email, password, is_staff=True, is_superuser=True, role=Role.STAFF, **fields)
            addresses = apps.get_model("account", "EmailAddress")._default_manager
            addresses.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """An account. It signs in with its e-mail address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(max_length=254)
    name = Name(max_length=80, blank=True)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.USER)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May use the admin.")
    every_region = models.BooleanField(
        default=True, db_default=True, help_text="Staff see the rows of every region, and those that belong to none."
    )
    regions = models.ManyToManyField(
        Region, blank=True, related_name="+", help_text="Staff see the rows of these regions. Superusers see all."
    )
    language = models.CharField(
        max_length=8,
        blank=True,
        choices=settings.LANGUAGES,
        help_text="What we write in; empty: what the browser asks for.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    credentials_epoch = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Rises whenever the credentials change, which ends earlier sessions."
    )

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        permissions = (
            ("view_staff_page", "Can see the live counts of the staff page"),
            ("remove_second_factor", "Can remove the second factors of users and partners"),
        )
        indexes = (
            PrefixIndex("email", name="user_email_prefix"),
            PrefixIndex("name", name="user_name_prefix"),
            models.Index(fields=["role", "id"], name="user_role"),
            models.Index(fields=["id"], condition=models.Q(is_superuser=True), name="user_superusers"),
        )
        constraints = (
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=models.Q(role=Role.STAFF) | models.Q(is_staff=False), name="user_only_staff_role_is_staff"
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)  # logs and errors that show an account must not tell whose it is

    @property
    def label(self) -> str:
        """The name of this account on staff pages and in its owner's mails."""
        return self.email

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Return the hash that a live session has stored at its start. It changes with the password and the epoch."""
        hashed: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]  # not in the stubs
        return f"{hashed}.{self.credentials_epoch}" if self.credentials_epoch else hashed

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class NotificationSettings(models.Model):
    """The notifications that an account wants while no page is open. Without a row, the defaults apply."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="notification_settings")
    email_receipts = models.BooleanField(_("Receipts by e-mail"), default=True)
    # A word of each kind to a user (notifications/words.py): on their devices, and by e-mail if they have no device.
    push_coming = models.BooleanField(_("A partner is on the way"), default=True, db_default=True)
    push_arrived = models.BooleanField(_("Your partner has arrived"), default=True, db_default=True)
    push_no_match = models.BooleanField(_("Nobody could be found"), default=True, db_default=True)
    push_over = models.BooleanField(_("Your cheer is over, and the receipt is there"), default=True, db_default=True)
    push_payment = models.BooleanField(_("A payment needs you"), default=True, db_default=True)
    push_message = models.BooleanField(_("A message from your partner"), default=True, db_default=True)
    email_coming = models.BooleanField(_("A partner is on the way"), default=True, db_default=True)
    email_arrived = models.BooleanField(_("Your partner has arrived"), default=True, db_default=True)
    email_no_match = models.BooleanField(_("Nobody could be found"), default=True, db_default=True)
    email_payment = models.BooleanField(_("A payment needs you"), default=True, db_default=True)
    email_message = models.BooleanField(_("A message from your partner"), default=True, db_default=True)

    def __str__(self) -> str:
        return f"of {self.user_id}"


ANSWERS_MAX = 100


class PartnerTransition(Transition):
    subject = models.ForeignKey("accounts.Partner", on_delete=models.CASCADE, related_name="transitions")

    class Meta(Transition.Meta):
        abstract = False
        indexes = (models.Index(fields=["at"], name="partner_step_by_time"),)


class Partner(Stateful):
    """A partner: their application, their current status, region and position, and their rating."""

    graph = PARTNER_GRAPH
    history = PartnerTransition

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="partner")
    name = Name(max_length=80)
    type = models.CharField(max_length=16, choices=PartnerType.choices, default=PartnerType.CHEERLEADER)
    phone = models.CharField(max_length=32)
    application = models.CharField(max_length=10, choices=Application.choices, default=Application.APPLIED)
    status = models.CharField(max_length=10, choices=PartnerStatus.choices, default=PartnerStatus.OFFLINE)
    status_since = models.DateTimeField()
    region = models.ForeignKey(
        Region, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    lat = models.FloatField(null=True, blank=True)
    lng = models.FloatField(null=True, blank=True)
    position_at = models.DateTimeField(null=True, blank=True, help_text="When the position was received.")
    answers = models.CharField(
        max_length=ANSWERS_MAX,
        blank=True,
        default="",
        db_default="",
        help_text='Their last ones to offers: "+" or "-".',
    )
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["region", "status"], name="partner_region_status"),)
        constraints = (
            models.CheckConstraint(condition=models.Q(status__in=PartnerStatus.values), name="partner_status_known"),
            models.CheckConstraint(
                condition=models.Q(application__in=Application.values), name="partner_application_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status=PartnerStatus.OFFLINE) | models.Q(application=Application.APPROVED),
                name="partner_works_only_when_approved",
            ),
            models.CheckConstraint(
                condition=models.Q(lat__isnull=True, lng__isnull=True, position_at__isnull=True)
                | models.Q(lat__range=(-90, 90), lng__range=(-180, 180), position_at__isnull=False),
                name="partner_position_whole",
            ),
        )

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def label(self) -> str:
        """The name of this partner on staff pages."""
        return self.name

    @property
    def rating(self) -> float | None:
        """The mean of all ratings, 1 to 5, to one decimal; None before the first."""
        return round(self.rating_sum / self.rating_count, 1) if self.rating_count else None

    @property
    def approved(self) -> bool:
        return self.application == Application.APPROVED


class ApplicationTransition(Transition):
    """The history of decisions on a partner's application."""

    subject = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="application_transitions")

    class Meta(Transition.Meta):
        abstract = False


class SocketTicket(models.Model):
    """A single-use substitute for a token, for sockets that can't send a header. Stored hashed; deleted when used."""

    digest = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    # The token or session that asked for the ticket; the socket closes when it ends.
    credential = models.CharField(max_length=48, blank=True, default="")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"until {self.expires_at:%H:%M:%S}"


class AddressChange(models.Model):
    """A change of the address by which an account goes, which its old address can undo until `expires_at`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    address = models.EmailField(max_length=254, help_text="The old address.")
    digest = models.CharField(max_length=64, help_text="Of the token in the link.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["digest"], name="address_change_one_per_link"),)

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d}"


class DeferredMail(models.Model):
    """A mail that a worker composes and sends at `due_at`. It is kept until `until`, so that it is not sent twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=32)
    about = models.CharField(max_length=64, blank=True, help_text="The id of what it reports.")
    seq = models.PositiveBigIntegerField(
        null=True, help_text="The event of its user that it repeats; not sent once a device has acknowledged that."
    )
    to = models.EmailField(max_length=254, blank=True, help_text="Empty: the account's own address.")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, db_index=True, help_text="When it is to be sent; empty afterwards.")
    until = models.DateTimeField(db_index=True, help_text="Not sent afterwards.")
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["user", "kind", "about"], condition=~models.Q(about=""), name="deferred_mail_one_per_cause"
            ),
            models.UniqueConstraint(fields=["user", "seq"], name="deferred_mail_one_per_event"),
        )

    def __str__(self) -> str:
        return self.kind


class KnownAddress(models.Model):
    """A network address from which an account has signed in, as a keyed digest."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    last_used_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "digest"], name="known_address_once"),)

    def __str__(self) -> str:
        return f"used {self.last_used_at:%Y-%m-%d}"
