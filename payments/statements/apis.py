"""A partner's statements and tax summaries over HTTP."""

from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import caller
from accounts.models import Partner
from accounts.permissions import IsPartner
from accounts.selectors import partner_of
from api.files import CSVRenderer, PDFRenderer
from api.serializing import json_of, validated
from core import clock
from core.errors import Missing
from payments.books import statement as books
from payments.books.periods import Period, PeriodKind, period_of
from payments.models import Entry
from payments.statements import csv_file, pdf_file
from payments.statements.serializers import (
    CurrencyInput,
    StatementLineSerializer,
    StatementSerializer,
    TaxSummarySerializer,
    line_body,
    statement_body,
    tax_summary_body,
)

PERIOD = OpenApiParameter(
    "statement_period",
    str,
    OpenApiParameter.PATH,
    description="A month, a week of ISO 8601 or a year: 2026-11, 2026-W47, 2026.",
)
YEAR = OpenApiParameter("tax_year", str, OpenApiParameter.PATH, description="For example 2026.")
FORMAT = OpenApiParameter("format", exclude=True)  # the Accept header selects the format
FILES = (JSONRenderer, CSVRenderer, PDFRenderer)


def _asked(request: Request, name: str) -> tuple[Partner, Period, str]:
    """Returns the partner who asks, a period of theirs, and a currency. Raises `Missing` for a name of no period."""
    currency = validated(CurrencyInput, request.query_params.dict()).get("currency")
    partner = partner_of(caller(request))
    try:
        period = period_of(name, books.zone_of(partner))
    except ValueError:
        raise Missing from None
    return partner, period, currency or books.currency_of(partner)


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


class PartnerStatement(APIView):
    """Your statement of a period from the ledger: JSON with its sums, or all of its lines as CSV or PDF.

    Days are those of your region. The closing balance of a period is the opening balance of the next one.
    """

    permission_classes = (IsPartner,)
    renderer_classes = FILES

    @extend_schema(
        operation_id="getStatement",
        tags=["partners"],
        parameters=[PERIOD, CurrencyInput, FORMAT],
        responses={
            (200, "application/json"): StatementSerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, statement_period: str) -> HttpResponseBase:
        now = clock.now()
        partner, days, currency = _asked(request, statement_period)
        statement = books.statement_of(partner, days, currency, now=now)
        name = f"statement-{days.name}-{currency}"
        if isinstance(request.accepted_renderer, CSVRenderer):
            rows = csv_file.statement_csv(statement, books.every_line(partner, days, currency), now=now)
            return StreamingHttpResponse(
                rows, content_type="text/csv; charset=utf-8", headers=_attachment(f"{name}.csv")
            )
        if isinstance(request.accepted_renderer, PDFRenderer):
            first = books.entries_of(partner, days, currency).order_by("at", "pk")[: pdf_file.LINES_MAX + 1]
            drawn = pdf_file.statement_pdf(partner, statement, books.lines_of(list(first)))
            return Response(drawn, headers=_attachment(f"{name}.pdf"))
        return Response(json_of(StatementSerializer, statement_body(statement)))


class PartnerStatementLines(GenericAPIView[Entry]):
    """The lines of your statement of a period, newest first."""

    permission_classes = (IsPartner,)
    newest_by = "at"

    def get_queryset(self) -> QuerySet[Entry]:
        return Entry.objects.none()  # for the schema, which is drawn without a caller

    @extend_schema(
        operation_id="listStatementLines",
        tags=["partners"],
        parameters=[PERIOD, CurrencyInput],
        responses={200: StatementLineSerializer(many=True)},
    )
    def get(self, request: Request, statement_period: str) -> Response:
        partner, days, currency = _asked(request, statement_period)
        page = self.paginate_queryset(books.entries_of(partner, days, currency)) or []
        lines = [json_of(StatementLineSerializer, line_body(line, currency)) for line in books.lines_of(page)]
        return self.get_paginated_response(lines)


class PartnerTaxSummary(APIView):
    """Your year as a tax return asks for it, by month: JSON, CSV or PDF."""

    permission_classes = (IsPartner,)
    renderer_classes = FILES

    @extend_schema(
        operation_id="getTaxSummary",
        tags=["partners"],
        parameters=[YEAR, CurrencyInput, FORMAT],
        responses={
            (200, "application/json"): TaxSummarySerializer,
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request, tax_year: str) -> HttpResponseBase:
        partner, days, currency = _asked(request, tax_year)
        if days.kind != PeriodKind.YEAR:
            raise Missing
        months, whole = books.tax_months(partner, days, currency), books.tax_month(partner, days, currency)
        name = f"tax-summary-{days.name}-{currency}"
        if isinstance(request.accepted_renderer, CSVRenderer):
            told = csv_file.tax_csv(whole, months, currency).encode()
            return Response(told, content_type="text/csv; charset=utf-8", headers=_attachment(f"{name}.csv"))
        if isinstance(request.accepted_renderer, PDFRenderer):
            drawn = pdf_file.tax_pdf(partner, whole, months, currency)
            return Response(drawn, headers=_attachment(f"{name}.pdf"))
        return Response(json_of(TaxSummarySerializer, tax_summary_body(whole, months, currency)))
