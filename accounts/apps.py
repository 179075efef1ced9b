from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out

        from accounts import credentials  # noqa: F401 - registers itself
        from accounts.services import close_sockets_of_session

        user_logged_out.connect(close_sockets_of_session, dispatch_uid="close_sockets_of_session")
