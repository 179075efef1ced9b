"""Signal receivers and kinds of mail of accounts, loaded by `ops.apps`."""

from django.contrib.auth.signals import user_logged_out

from accounts import applications, credentials
from accounts.sign_out import close_sockets_of_session
from notifications.credentials import source

__all__ = ["applications"]  # its mail

source(credentials.ended)
user_logged_out.connect(close_sockets_of_session, dispatch_uid="close_sockets_of_session")
