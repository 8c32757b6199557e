"""Tables for a paper as files: CSV, XLSX, LaTeX and DOCX read back, with long and foreign texts in them."""

import csv
import re
import shutil
import subprocess
import time
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st

from lungtox.report import PaperTable, write_paper_tables
from lungtox.report.paper_latex import escape_latex, paper_latex
from lungtox.report.paper_tables import EMPTY, Column, PaperCell, Row, Source, Traced
from lungtox.report.paper_xlsx import number_format

GERMAN = "Häufigkeit früherer Lungenerkrankungen (COPD & Asthma, ≥ 50 % der FEV₁), einschließlich_Folgeerkrankungen"
CHINESE = "放射性肺炎 ≥ 2 级"


def number(value: float, text: str) -> Traced:
    return Traced(value, text, Source("association/univariable.csv", "1", "effect"))


def table_with(rows: int = 3) -> PaperTable:
    """A table by hand: spanner, heading, marks, a p below its level, an open limit, what is no number."""
    test, adjusted = "Fisher exact test.", "Adjusted: Benjamini-Hochberg."
    interval = (number(2.5, "2.50"), number(1.0004, "1.0004"), number(5.954, "5.95"))
    first = Row(GERMAN, (
        PaperCell("114", (number(114, "114"),)),
        PaperCell("2.50 (1.0004 to 5.95)", interval),
        PaperCell(".0497", (number(0.0497, ".0497"),), (test,)),
    ), indent=1)  # fmt: skip
    second = Row(CHINESE, (
        PaperCell("–"),
        PaperCell("−0.86 (−1.20 to –)", (number(-0.86, "−0.86"), number(-1.2, "−1.20"), None)),
        PaperCell("<.001", (number(1e-9, "<.001"),), (test,)),
    ), indent=2)  # fmt: skip
    columns = (
        Column("Factor"),
        Column("n", spanner="Patients & more", italic=True),
        Column("OR (95% CI)", spanner="Patients & more", parts=("OR", "95% CI low", "95% CI high")),
        Column("P", italic=True, notes=(adjusted,)),
    )
    body = [Row("Clinical factors", (EMPTY,) * 3, heading=True), first, second] + [first] * (rows - 3)
    return PaperTable("association", "Single factors: 50% & more", columns, tuple(body), ("Two-sided.",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tables")
    write_paper_tables([table_with(), PaperTable("roc", "Nothing", table_with().columns, ())], out)
    return out


def test_all_files_are_there_and_two_runs_give_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {f"{name}.{form}" for name in ("association", "roc") for form in ("csv", "xlsx", "tex", "docx")}
    expected |= {"tables.xlsx", "notes.csv", "sources.csv"}
    assert {path.name for path in folder.iterdir()} == expected
    real = time.localtime
    monkeypatch.setattr(time, "localtime", lambda seconds=None: real((seconds or time.time()) + 400_000))
    write_paper_tables([table_with(), PaperTable("roc", "Nothing", table_with().columns, ())], tmp_path)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_csv_has_the_printed_texts_and_notes_and_sources_beside_it(folder: Path) -> None:
    with (folder / "association.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["Factor", "Patients & more: n", "Patients & more: OR (95% CI)", "Pᵃ"]
    assert rows[2] == [f"  {GERMAN}", "114", "2.50 (1.0004 to 5.95)", ".0497ᵇ"]
    with (folder / "notes.csv").open(newline="", encoding="utf-8") as stream:
        notes = [(row["mark"], row["note"]) for row in csv.DictReader(stream) if row["table"] == "association"]
    assert notes == [
        ("title", "Single factors: 50% & more"), ("", "Two-sided."), ("a", "Adjusted: Benjamini-Hochberg."),
        ("b", "Fisher exact test."),
    ]  # fmt: skip
    with (folder / "sources.csv").open(newline="", encoding="utf-8") as stream:
        sources = list(csv.DictReader(stream))
    low = next(row for row in sources if row["printed"] == "1.0004")
    assert (low["table"], low["row"], float(low["value"]), low["file"], low["file_row"], low["file_column"]) == (
        "association", "2", 1.0004, "association/univariable.csv", "1", "effect",
    )  # fmt: skip


def test_numbers_stay_numbers_in_the_workbook_and_show_as_printed(folder: Path) -> None:
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    assert book.sheetnames == ["association", "roc"]
    sheet = book["association"]
    assert sheet.freeze_panes == "B4" and sheet.print_title_rows == "$1:$3"
    assert [cell.value for cell in sheet[3]] == ["Factor", "n", "OR", "95% CI low", "95% CI high", "Pᵃ"]
    shown = [(cell.value, cell.number_format) for cell in sheet[5][1:]]
    assert shown == [(114, "0"), (2.5, "0.00"), (1.0004, "0.0000"), (5.954, "0.00"), (0.0497, '.0000"ᵇ"')]
    shown = [(cell.value, cell.number_format) for cell in sheet[6][1:]]
    assert shown == [("–", "@"), (-0.86, "0.00"), (-1.2, "0.00"), (None, "General"), (1e-9, '"<.001ᵇ"')]
    assert sheet["A6"].value == CHINESE and sheet["A5"].alignment.wrap_text
    assert 20 < sheet.column_dimensions["A"].width <= 60
    assert [sheet.cell(row, 1).value for row in (7, 8, 9)] == [
        "Two-sided.", "ᵃ Adjusted: Benjamini-Hochberg.", "ᵇ Fisher exact test.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("0.05", "0.00"),
        (".049", ".000"),
        ("−12", "0"),
        ("<.001", '"<.001"'),
        (">1000", '">1000"'),
        ("0.9996", "0.0000"),
    ],
)
def test_number_format_shows_the_printed_text(text: str, form: str) -> None:
    assert number_format(text) == form


def test_document_is_a_three_line_table_with_a_repeated_header(folder: Path) -> None:
    document = docx.Document(str(folder / "association.docx"))
    assert document.paragraphs[0].text == "Table 1. Single factors: 50% & more"
    assert [line.text for line in document.paragraphs[1:]] == [
        "Two-sided.", "a Adjusted: Benjamini-Hochberg.", "b Fisher exact test.",
    ]  # fmt: skip
    table = document.tables[0]
    assert [cell.text for cell in table.rows[1].cells] == ["Factor", "n", "OR (95% CI)", "Pa"]
    assert table.rows[0].cells[1]._tc is table.rows[0].cells[2]._tc  # one cell over both columns
    assert [cell.text for cell in table.rows[3].cells] == [GERMAN, "114", "2.50 (1.0004 to 5.95)", ".0497b"]
    assert table.rows[4].cells[0].text == CHINESE
    repeated = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert repeated == [True, True, False, False, False]
    lines = {
        (number, side)
        for number, row in enumerate(table.rows)
        for side in ("top", "bottom", "left", "right")
        if any(
            borders.find(qn(f"w:{side}")) is not None
            for cell in row.cells
            if (borders := cell._tc.tcPr.find(qn("w:tcBorders"))) is not None
        )
    }
    assert lines == {(0, "top"), (0, "bottom"), (1, "bottom"), (4, "bottom")}
    mark = table.rows[3].cells[3].paragraphs[0].runs[-1]
    assert mark.text == "b" and mark.font.superscript


def test_rows_with_empty_cells_are_as_low_as_others(folder: Path) -> None:
    """An untouched paragraph has the font and the space of the document: half a page of rows twice as high."""
    (grid,) = docx.Document(str(folder / "association.docx")).tables
    for cell in (cell for row in grid.rows for cell in row.cells):
        (paragraph,) = cell.paragraphs
        size = paragraph._p.pPr.find(qn("w:rPr")).find(qn("w:sz")).get(qn("w:val"))
        assert paragraph.paragraph_format.space_after == docx.shared.Pt(1) and int(size) <= 18


def wide_table() -> PaperTable:
    """Twelve columns as the published models have them."""
    cells = (PaperCell("1.04 (0.59 to 1.45)"),) * 3 + (PaperCell("<0.001"),) * 7 + (PaperCell("new intercept"),)
    row = Row("Appelt 2014, QUANTEC with risk factors", cells)
    heads = (Column("Model"), *(Column("Slope (95% CI)"),) * 3, *(Column("ICI"),) * 8)
    return PaperTable("published", "Published models", heads, (row,) * 3, ("Two-sided.",))


def test_numbers_and_intervals_stay_on_one_line(tmp_path: Path) -> None:
    """Times New Roman 8 pt: a digit is 1.41 mm wide, a point or space half of that; margins of a cell 1.9 mm each."""
    write_paper_tables([wide_table()], tmp_path)
    (grid,) = docx.Document(str(tmp_path / "published.docx")).tables
    for cell in grid.rows[1].cells[1:]:
        narrow = sum(cell.text.count(sign) for sign in " .()t")
        assert 1.41 * (len(cell.text) - 0.5 * narrow) + 3.8 <= cell.width.mm, cell.text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
def test_latex_keeps_twelve_columns_within_the_page(tmp_path: Path) -> None:
    (tmp_path / "published.tex").write_text(paper_latex(wide_table(), number=1), "utf-8")
    (tmp_path / "all.tex").write_text(
        r"\documentclass{article}\usepackage[a4paper,margin=25mm]{geometry}"
        r"\usepackage{booktabs,array,longtable,pdflscape}\begin{document}\input{published}\end{document}",
        "utf-8",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Overfull" not in done.stdout


def test_wide_documents_lie_across_the_page(tmp_path: Path) -> None:
    table = table_with()
    wide = PaperTable(
        "wide", "Wide", (*table.columns, *table.columns[1:], Column("x"), Column("y")),
        tuple(Row(row.label, (*row.cells, *row.cells, EMPTY, EMPTY)) for row in table.rows),
    )  # fmt: skip
    write_paper_tables([wide, table], tmp_path)
    shapes = [docx.Document(str(tmp_path / f"{name}.docx")).sections[0] for name in ("wide", "association")]
    assert shapes[0].page_width > shapes[0].page_height and shapes[1].page_width < shapes[1].page_height
    assert r"\begin{landscape}" in (tmp_path / "wide.tex").read_text(encoding="utf-8")


def without_escapes(text: str) -> str:
    """Take the commands of `escape_latex` out of a text, so that what is left must be harmless."""
    text = re.sub(
        r"\\(textbackslash|textasciicircum|textasciitilde|textbar|textasciigrave|textendash|textemdash)\{\}", "", text
    )
    text = re.sub(r"\\ensuremath\{(?:[<>-]|\\[a-z]+)\}|\\symbol\{34\}|\\textsuperscript\{2\}", "", text)
    return re.sub(r"\\[{}$&#%_]|\{[\[\]*]\}|\{\}", "", text)


@given(text=st.text(max_size=30))
def test_latex_escaping_leaves_nothing_special(text: str) -> None:
    escaped = escape_latex(text)
    assert not re.search(r"[\\{}$&#%_^<>|\"`\[\]*\n\r\0]", without_escapes(escaped)), escaped
    assert "--" not in escaped and "''" not in escaped


@given(text=st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x4FFF), max_size=10))
def test_latex_escaping_keeps_letters(text: str) -> None:
    assert escape_latex(f"ä{text}Z") == f"ä{text}Z"


@pytest.mark.parametrize("rows", [3, 60])
def test_latex_table_is_sound(rows: int) -> None:
    text = "\n".join(line for line in paper_latex(table_with(rows), number=2).splitlines() if not line.startswith("%"))
    bare = re.sub(r"\\[{}&%_]", "", text)
    assert bare.count("{") == bare.count("}")
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert not opened
    lines = [line for line in bare.splitlines() if line.endswith(r"\\") and "caption" not in line]
    assert len(lines) >= rows + 2
    for line in lines:
        spans = sum(int(size) - 1 for size in re.findall(r"\\multicolumn\{(\d+)\}", line))
        assert line.count("&") + 1 + spans == 4, line
    assert ("longtable" in text) == (rows == 60)
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert rule in text
    assert r"\textsuperscript{b}~Fisher exact test." in text and "ensuremath{-}0.86" in text


@pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")
def test_another_reader_of_latex_finds_the_cells(folder: Path) -> None:
    done = subprocess.run(
        ["pandoc", "-f", "latex", "-t", "html", str(folder / "association.tex")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    plain = re.sub(r"<[^>]+>", "", done.stdout)
    for text in (CHINESE, "2.50 (1.0004 to 5.95)", "einschließlich_Folgeerkrankungen", "Single factors: 50%"):
        assert text in plain
