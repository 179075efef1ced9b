"""Ready-made messages, which each reader has in their own language."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Side(models.TextChoices):
    """The two sides of a ride."""

    USER = "user", _("User")
    PARTNER = "partner", _("Partner")


class Phrase(models.TextChoices):
    ON_MY_WAY = "on_my_way", _("I'm on my way.")
    RUNNING_LATE = "running_late", _("I'm running a few minutes late.")
    FEW_MINUTES = "few_minutes", _("I'll be there in a few minutes.")
    HERE = "here", _("I'm here.")
    CANT_SEE_YOU = "cant_see_you", _("I'm here, but I can't see you.")
    AT_THE_ENTRANCE = "at_the_entrance", _("I'm at the entrance.")
    LEFT_SOMETHING = "left_something", _("Something was left behind.")
    THANKS = "thanks", _("Thank you!")


# What a page offers each side, in this order. A call may send any phrase.
OFFERED = {
    Side.USER: (
        Phrase.HERE,
        Phrase.FEW_MINUTES,
        Phrase.AT_THE_ENTRANCE,
        Phrase.CANT_SEE_YOU,
        Phrase.LEFT_SOMETHING,
        Phrase.THANKS,
    ),
    Side.PARTNER: (
        Phrase.ON_MY_WAY,
        Phrase.RUNNING_LATE,
        Phrase.HERE,
        Phrase.CANT_SEE_YOU,
        Phrase.LEFT_SOMETHING,
        Phrase.THANKS,
    ),
}
