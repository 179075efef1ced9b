"""One error shape for programs, wherever in Django the error arose."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from api.errors import error_body

Next = Callable[[HttpRequest], HttpResponse]

SENTENCES = {
    400: ("bad_request", "The request can't be understood."),
    403: ("permission_denied", "You may not do this."),
    404: ("not_found", "Not found."),
    405: ("method_not_allowed", "This method is not allowed here."),
    413: ("too_large", "The body is too large."),
}


class OneErrorShapeMiddleware:
    """Django's own error pages are for people; whoever did not ask for HTML gets the API's shape instead."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if (
            response.status_code < 400
            or not is_page
            or request.accepts("text/html")
            and "text/html" in request.headers.get("Accept", "")
        ):
            return response
        type = "server_error" if response.status_code >= 500 else "client_error"
        code, detail = SENTENCES.get(response.status_code, ("error", response.reason_phrase))
        shaped = JsonResponse(error_body(code, detail, type=type), status=response.status_code)
        if response.has_header("Allow"):
            shaped["Allow"] = response["Allow"]
        return shaped
