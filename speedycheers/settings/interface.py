"""The HTTP API and its schema."""

from speedycheers.settings.base import DEBUG, env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.NewestFirst",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
    "DEFAULT_VERSION": "1",
    "ALLOWED_VERSIONS": ["1"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["api.throttles.AccountThrottle", "api.throttles.AddressThrottle"],
    # Calls per account, or per address for signed-out callers.
    "DEFAULT_THROTTLE_RATES": {
        "account": env.str("THROTTLE_ACCOUNT", default="1200/min"),
        "address": env.str("THROTTLE_ADDRESS", default="600/min"),
        "signup": env.str("THROTTLE_SIGNUP", default="600/min" if DEBUG else "30/hour"),
        # Sign-ins, right ones included, per address and per account.
        "login": env.str("THROTTLE_LOGIN", default="6000/min" if DEBUG else "120/min"),
        "login_account": env.str("THROTTLE_LOGIN_ACCOUNT", default="600/min" if DEBUG else "30/min"),
        # Failed sign-ins per address and account, per address, and per account from all addresses. Beyond the last one,
        # only addresses that the account has used before get through to it.
        "login_pair": env.str("THROTTLE_LOGIN_PAIR", default="10/min"),
        "login_otp": env.str("THROTTLE_LOGIN_OTP", default="10/min"),
        "login_address": env.str("THROTTLE_LOGIN_ADDRESS", default="100/min"),
        "login_failures": env.str("THROTTLE_LOGIN_FAILURES", default="100/hour"),
        # Beginnings to save a card, per account and per address: the provider asks a bank for each.
        "card": env.str("THROTTLE_CARD", default="600/min" if DEBUG else "10/hour"),
        "card_day": env.str("THROTTLE_CARD_DAY", default="100000/day" if DEBUG else "20/day"),
        "card_address": env.str("THROTTLE_CARD_ADDRESS", default="6000/min" if DEBUG else "100/hour"),
        "card_address_day": env.str("THROTTLE_CARD_ADDRESS_DAY", default="1000000/day" if DEBUG else "500/day"),
        # Promotion codes that were tried and are none, per account and per address.
        "code": env.str("THROTTLE_CODE", default="600/min" if DEBUG else "10/hour"),
        "code_address": env.str("THROTTLE_CODE_ADDRESS", default="6000/min" if DEBUG else "100/hour"),
        # Calls that cost more than a read: requests, positions and socket handshakes. Many callers share an address.
        "request": env.str("THROTTLE_REQUEST", default="1200/min" if DEBUG else "60/min"),
        "request_address": env.str("THROTTLE_REQUEST_ADDRESS", default="6000/min"),
        "position": env.str("THROTTLE_POSITION", default="6000/min" if DEBUG else "300/min"),
        "position_address": env.str("THROTTLE_POSITION_ADDRESS", default="60000/min"),
        # Messages to the other side of a ride, per account and per address.
        "message": env.str("THROTTLE_MESSAGE", default="600/min" if DEBUG else "20/min"),
        "message_address": env.str("THROTTLE_MESSAGE_ADDRESS", default="6000/min"),
        # Estimates of waits, per address: too many would add up to a picture of where partners are.
        "estimate": env.str("THROTTLE_ESTIMATE", default="6000/min" if DEBUG else "120/min"),
        # Searches of places, per account: a page asks while somebody types, and perhaps a geocoder that costs money.
        "place": env.str("THROTTLE_PLACE", default="6000/min" if DEBUG else "120/min"),
        # Commands over sockets, per account: going online and offline, and answers to offers.
        "status": env.str("THROTTLE_STATUS", default="600/min" if DEBUG else "10/min"),
        "command": env.str("THROTTLE_COMMAND", default="1200/min" if DEBUG else "120/min"),
        "socket": env.str("THROTTLE_SOCKET", default="1200/min" if DEBUG else "120/min"),
        "socket_address": env.str("THROTTLE_SOCKET_ADDRESS", default="12000/min"),
    },
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "EXCEPTION_HANDLER": "api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "api.errors.ExceptionHandler",
    # The API keeps its error shape in development too; the traceback is in the log.
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SpeedyCheers",
    "VERSION": "1.0.0",  # the package's version; clients select version 1 of the API in the Accept header
    "DESCRIPTION": "Ask for a cheer; the nearest free partner hears of it, comes, and cheers.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": "{ deepLinking: true, plugins: [inHouse] }",  # static/js/docs.js
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_standardized_errors.openapi_hooks.postprocess_schema_enums",
        "api.schema.camel_case_paths",
        "api.schema.plain_version",
    ],
    "TAGS": [
        {"name": "accounts", "description": "Sign up, sign in, and the account of the call."},
        {"name": "cheerRequests", "description": "Ask for a cheer, follow it, cancel it, share it."},
        {"name": "scheduledRequests", "description": "Plan a cheer for a later time."},
        {"name": "places", "description": "Places by what people call them."},
        {"name": "savedPlaces", "description": "Places that a user has named."},
        {"name": "partners", "description": "Become a partner, go online, report positions."},
        {"name": "rides", "description": "Answer offers, serve rides, and what follows a ride: receipt, rating, tip."},
        {"name": "messages", "description": "Between the user and the partner of a ride: write, read, mark, report."},
        {"name": "payments", "description": "A user's payments and card."},
        {"name": "push", "description": "Web push to partners without an open socket."},
        {"name": "staff", "description": "Lists and steps for staff, by right and region."},
        {"name": "insights", "description": "Figures of a region for staff, as JSON and CSV."},
        {"name": "webhooks", "description": "Called by the payment provider, not by clients."},
    ],
    "ENUM_SUFFIX": "",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "ApplicationStatus": "accounts.states.Application",
        "CheerRequestStatus": "requests_app.states.RequestStatus",
        "ErrorType": "api.schema.ERROR_TYPES",
        "DecisionBy": "requests_app.records.DECIDERS",
        "DecisionReason": "requests_app.records.LeftOut",
        "FailedDeliveryKind": "failures.states.Kind",
        "FailedDeliveryStatus": "failures.states.FailureStatus",
        "HoldStatus": "payments.states.HoldStatus",
        "LookResult": "requests_app.records.LookResult",
        "OfferStatus": "requests_app.states.OfferStatus",
        "PartnerAvailability": "requests_app.serving.serializers.AVAILABILITY",
        "PartnerStatus": "accounts.states.PartnerStatus",
        "PartnerType": "accounts.states.PartnerType",
        "CreditKind": "payments.states.CreditKind",
        "PaymentKind": "payments.states.PaymentKind",
        "PaymentStatus": "payments.states.PaymentStatus",
        "ReferralStatus": "payments.states.ReferralStatus",
        "RideStatus": "rides.states.RideStatus",
        "Role": "accounts.models.Role",
        "ScheduledRequestStatus": "requests_app.states.ScheduledStatus",
        "StepOutcome": "staff_api.steps.OUTCOMES",
    },
}
MAX_BODY_BYTES = 64 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
IDEMPOTENCY_KEY_TTL_S = 24 * 3600
