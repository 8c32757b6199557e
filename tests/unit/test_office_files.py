"""Office files: the same content gives the same bytes, whenever and however often it is written."""

import time
import zipfile
from pathlib import Path
from typing import BinaryIO

import docx
import openpyxl
import pytest

from lungtox.office_files import write_same_bytes


def write_workbook(path: Path, text: str = "Mean lung dose ≥ 20 Gy") -> None:
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = text
    write_same_bytes(path, workbook.save)


def write_document(path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Mean lung dose ≥ 20 Gy")
    write_same_bytes(path, document.save)


@pytest.mark.parametrize("write", [write_workbook, write_document], ids=["xlsx", "docx"])
def test_two_files_written_at_different_times_are_equal(
    write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(write)
    write(tmp_path / "first")
    # Both writers take the date of the entries from the clock, in steps of 2 s.
    real = time.localtime
    monkeypatch.setattr(time, "localtime", lambda seconds=None: real((seconds or time.time()) + 400_000))
    write(tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_text_survives_and_no_date_of_writing_is_left(tmp_path: Path) -> None:
    write_workbook(tmp_path / "book.xlsx")
    write_document(tmp_path / "text.docx")
    assert openpyxl.load_workbook(tmp_path / "book.xlsx").active["A1"].value == "Mean lung dose ≥ 20 Gy"
    assert docx.Document(str(tmp_path / "text.docx")).paragraphs[0].text == "Mean lung dose ≥ 20 Gy"
    for name in ("book.xlsx", "text.docx"):
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert archive.testzip() is None
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            core = archive.read("docProps/core.xml").decode()
            assert core.count("1980-01-01T00:00:00Z") == 2
            assert f"{time.gmtime().tm_year}-" not in core


def test_other_content_gives_other_bytes(tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx")
    write_workbook(tmp_path / "b.xlsx", "V20")
    assert (tmp_path / "a.xlsx").read_bytes() != (tmp_path / "b.xlsx").read_bytes()


def test_failed_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_workbook(path)
    before = path.read_bytes()

    def fail(file: BinaryIO) -> None:
        file.write(b"PK half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_same_bytes(path, fail)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["book.xlsx"]
