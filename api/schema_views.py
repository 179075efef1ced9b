"""`GET /schema`: made once in each process for a language and a format, compressed too, and then served from memory."""

import gzip
import hashlib
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.middleware.gzip import re_accepts_gzip
from django.utils import translation
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

MAX_AGE_S = 300
_documents: dict[tuple[str, str], "Document"] = {}
_making = Lock()


@dataclass(frozen=True)
class Body:
    """The bytes of a document in one encoding. Each encoding has a tag of its own (RFC 9110, section 8.8.3.3)."""

    content: bytes
    etag: str


@dataclass(frozen=True)
class Document:
    """The schema in one language and format."""

    plain: Body
    gzipped: Body
    headers: dict[str, str]


class Schema(SpectacularAPIView):
    """The OpenAPI document. It is the same for everybody, so no credential is looked at."""

    authentication_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.query_params.get("lang", "")
        language = asked if asked in dict(settings.LANGUAGES) else translation.get_language()
        document = self._document(request, language)
        gzipped = re_accepts_gzip.search(request.headers.get("Accept-Encoding", ""))
        body = document.gzipped if gzipped else document.plain
        answer = get_conditional_response(request._request, etag=body.etag)
        if answer is None or not isinstance(answer, HttpResponse):
            answer = HttpResponse(body.content)
        for name, value in document.headers.items():
            answer[name] = value
        answer["ETag"] = body.etag
        if gzipped:
            answer["Content-Encoding"] = "gzip"
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
        digest = hashlib.sha256(body).hexdigest()[:32]
        headers = {
            "Content-Type": f"{renderer.media_type}; charset=utf-8",
            "Content-Disposition": answer["Content-Disposition"],
            "Cache-Control": f"public, max-age={MAX_AGE_S}",
            "Vary": "Accept, Accept-Language, Accept-Encoding",
        }
        gzipped = Body(gzip.compress(body, mtime=0), f'"{digest}-gzip"')
        return Document(Body(body, f'"{digest}"'), gzipped, headers)
