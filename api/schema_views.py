"""`GET /schema`: made once in each process for a language and a format, and then served from memory."""

import hashlib
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

MAX_AGE_S = 300
_documents: dict[tuple[str, str], "Document"] = {}
_making = Lock()


@dataclass(frozen=True)
class Document:
    """The schema in one language and format."""

    body: bytes
    etag: str
    headers: dict[str, str]


class Schema(SpectacularAPIView):
    """The OpenAPI document. It is the same for everybody, so no credential is looked at."""

    authentication_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.query_params.get("lang", "")
        language = asked if asked in dict(settings.LANGUAGES) else translation.get_language()
        document = self._document(request, language)
        answer = get_conditional_response(request._request, etag=document.etag)
        if answer is None or not isinstance(answer, HttpResponse):
            answer = HttpResponse(document.body)
        for name, value in document.headers.items():
            answer[name] = value
        return answer

    def _document(self, request: Request, language: str) -> Document:
        """Return the document; the first callers wait for one that makes it."""
        key = (request.accepted_renderer.media_type, language)
        if key not in _documents:
            with _making:
                if key not in _documents:
                    _documents[key] = self._made(request, language)
        return _documents[key]

    def _made(self, request: Request, language: str) -> Document:
        with translation.override(language):
            answer = super().get(request)  # type: ignore[no-untyped-call]
        renderer = request.accepted_renderer
        body = renderer.render(answer.data, renderer.media_type, self.get_renderer_context())
        body = body.encode() if isinstance(body, str) else body
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "Content-Type": f"{renderer.media_type}; charset=utf-8",
            "Content-Disposition": answer["Content-Disposition"],
            "Cache-Control": f"public, max-age={MAX_AGE_S}",
            "ETag": etag,
            "Vary": "Accept, Accept-Language",
        }
        return Document(body, etag, headers)
