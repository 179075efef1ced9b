"""Answers that are files: the renderers of PDF and CSV, and what both can hold."""

import csv
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from core.lazy import lazy_module

fpdf = lazy_module("fpdf")  # a tenth of a process's imports, and few processes make a file
FONT = "Helvetica"  # built into every reader, for Latin letters
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n")


class FileRenderer(BaseRenderer):
    """Renders a file. The data is the file itself; errors keep the API's JSON shape."""

    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if isinstance(data, bytes):
            return data
        if renderer_context is not None:
            renderer_context["response"]["Content-Type"] = "application/json"
        return json.dumps(data).encode()


class PDFRenderer(FileRenderer):
    """Renders `Accept: application/pdf`."""

    media_type = "application/pdf"
    format = "pdf"


class CSVRenderer(FileRenderer):
    """Renders `Accept: text/csv`."""

    media_type = "text/csv"
    format = "csv"


def latin(text: str) -> str:
    """Replace what the built-in fonts lack: € by EUR, and other characters outside Latin-1 by a question mark."""
    return text.replace("€", "EUR").encode("latin-1", "replace").decode("latin-1")


def csv_row(cells: Iterable[Any]) -> str:
    """Return a row of a CSV file. A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return str(csv.writer(_Echo()).writerow([_cell("" if cell is None else str(cell)) for cell in cells]))


class _Echo:
    """A file whose `write` returns the text."""

    def write(self, text: str) -> str:
        return text


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_MARKS) and not NUMBER.fullmatch(text) else text
