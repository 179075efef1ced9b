"""Static files in production. A file's name has a hash of its content, so that browsers may cache it for ever."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from web.sources import SHEET_IMPORT, whole_sheet

Paths = dict[str, tuple[Storage, str]]  # served name → the storage of a file, and its path there


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Hashed and compressed files. A stylesheet includes its imports; the imports of scripts name hashed files."""

    support_js_module_import_aggregation = True

    def post_process(self, paths: Paths, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Process the files after all have been copied, and yield the result for each."""
        if not dry_run:
            paths = {**paths, **dict(self._whole_sheets(paths))}
        yield from super().post_process(paths, dry_run, **options)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress the files that pages name, which are those with a hash, but no map of a script for debuggers."""
        named = set(self.hashed_files.values())
        yield from super().compress_files(path for path in paths if path in named and not path.endswith(".map"))

    def _whole_sheets(self, paths: Paths) -> Iterator[tuple[str, tuple[Storage, str]]]:
        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                text: str = file.read().decode()
            return text

        for name in paths:
            if name.endswith(".css") and SHEET_IMPORT.search(read(name)):
                self.delete(name)
                self._save(name, ContentFile(whole_sheet(name, read)))
                yield name, (self, name)
