"""Office files (XLSX, DOCX) whose bytes depend on their content alone.

Both are zip archives. Their writers put the time of saving into the entries and into ``docProps/core.xml``; here
every entry gets the same date, so that two runs on the same tables give the same file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from lungtox.tables import atomic_path

ENTRY_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""Date of every zip entry: the earliest that the format knows."""
CORE_DATE: Final = b"1980-01-01T00:00:00Z"
CORE_PROPERTIES: Final = "docProps/core.xml"
_DATES: Final = re.compile(rb"(<dcterms:(?:created|modified)\b[^>]*>)[^<]*(?=</dcterms:)")


def write_same_bytes(path: str | Path, save: Callable[[BinaryIO], None]) -> None:
    """Write an office file atomically, with fixed dates in its zip entries and core properties.

    Parameters
    ----------
    path : str or Path
        Where the file goes; written under a temporary name and renamed.
    save : callable
        Writes the archive into the binary file that it is given: ``workbook.save`` of openpyxl,
        ``document.save`` of python-docx. It must not use the clock or random names itself.

    Notes
    -----
    The entries keep their order, because readers of office files expect ``[Content_Types].xml`` first.
    """
    written = BytesIO()
    save(written)
    with atomic_path(path) as temporary:
        temporary.write_bytes(_repacked(written))


def _repacked(archive: BinaryIO) -> bytes:
    same = BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(same, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == CORE_PROPERTIES:
                content = _DATES.sub(rb"\g<1>" + CORE_DATE, content)
            fixed = zipfile.ZipInfo(entry.filename, ENTRY_DATE)
            fixed.create_system = 3  # the same on every system
            fixed.external_attr = 0o644 << 16
            target.writestr(fixed, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=6)
    return same.getvalue()
