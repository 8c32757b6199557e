"""The draft for a word processor: order, numbers, references, nothing lost, the same bytes."""

import re
import zipfile
from io import BytesIO

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lungtox.office_files import write_same_bytes
from lungtox.report.blocks import Bullets, Folded, Notes, Picture, Section, Text, make_table
from lungtox.report.build_draft import draft_document
from lungtox.report.draft import arrange_draft
from lungtox.report.word_table import allowed_text, is_wide, table_xml

PROVENANCE = {
    "created": "2026-01-01T00:00:00+00:00",
    "seed": 7,
    "platform": "Linux x86_64",
    "versions": {"lungtox": "0.1.0"},
    "inputs": [{"name": "clinical.csv", "bytes": 12, "sha256": "ab" * 32}],
}


def table(name, rows, *, columns=("Term", "OR (95 % CI)", "p")):
    cells = [[f"{name} {row}", "1.21 (1.08 to 1.36)", "0.001"][: len(columns)] for row in range(rows)]
    return make_table(name, f"Caption of {name}.", columns, cells)


def picture(name, width_mm=180.0):
    return Picture(name, f"Caption of {name}.", f"What {name} shows", "data:image/svg+xml;base64,", width_mm)


SECTIONS = (
    Section("summary", "Summary of findings", (Bullets(("A finding.", "")),)),
    Section("patients", "Patients", (Text("Of 9 patients."), table("flow", 3), table("table1", 60))),
    Section(
        "models", "Models",
        (Text("A model."), table("model-a", 4), Notes("Warnings of a", ("Few events.",)), picture("roc", 90.0)),
    ),
    Section(
        "dose", "Dose",
        (table("listed", 200), Folded("12 warnings", ("Word by word.",)), picture("wide"), picture("tall")),
    ),
    Section("names", "Structures", (Text("Names were read."), table("names", 2))),
    Section("time", "Pneumonitis in time", (Text("The time course is not part of this analysis."),)),
    Section("limitations", "Limitations", (Bullets(("One cohort.",)),)),
    Section("methods", "Methods", (Text("Fitted by maximum likelihood."),)),
)  # fmt: skip


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    Image.new("RGB", (1063, 600), "white").save(folder / "roc.png", dpi=(300, 300))
    Image.new("RGB", (4252, 600), "white").save(folder / "wide.png", dpi=(600, 600))
    Image.new("RGB", (300, 700), "white").save(folder / "tall.png")
    return folder


def made(figures, sections=SECTIONS, **changes):
    """Give the document as a program reads it from the file."""
    stream = BytesIO()
    draft_document(sections, figures, title="A title", provenance=PROVENANCE | changes).save(stream)
    stream.seek(0)
    return docx.Document(stream)


@pytest.fixture(scope="module")
def document(figures):
    return made(figures)


def lines(document):
    """Give paragraphs with the words of their fields, which python-docx leaves out of `text`."""
    return ["".join(node.text or "" for node in part._p.iter(qn("w:t"))) for part in document.paragraphs]


def test_the_parts_stand_in_the_order_of_a_paper(document):
    heads = [part.text for part in document.paragraphs if part.style.name in ("Title", "Heading 1")]
    assert heads == [
        "A title", "Summary of findings", "Methods", "Results", "Limitations", "Tables", "Figures", "Supplement",
    ]  # fmt: skip
    words = lines(document)
    assert words.index("Fitted by maximum likelihood.") < words.index("Of 9 patients.") < words.index("One cohort.")
    assert words.index("Supplement") < words.index("Few events.") and words.index("Supplement") < words.index(
        "Word by word."
    )
    assert "Pneumonitis in time" not in words  # a paper does not list what was not done
    assert "Research use, not for treatment decisions." in words
    assert document.sections[0].header.paragraphs[0].text == "Research use, not for treatment decisions."


def test_tables_and_figures_are_numbered_in_order_and_references_lead_to_them(document):
    words = lines(document)
    captions = [line for line in words if re.match(r"(Table|Figure) S?\d+\. ", line)]
    assert captions == [
        "Table 1. Caption of table1.", "Table 2. Caption of model-a.",
        "Figure 1. Caption of roc.", "Figure 2. Caption of wide.", "Figure 3. Caption of tall.",
        "Table S1. Caption of flow.", "Table S2. Caption of listed.", "Table S3. Caption of names.",
        "Table S4. Input tables with their checksums.", "Table S5. Versions of the programs.",
    ]  # fmt: skip
    assert "See Table 1 and Table S1." in words and "See Table 2 and Figure 1." in words
    body = document.element.body
    marks = {node.get(qn("w:name")) for node in body.iter(qn("w:bookmarkStart"))}
    codes = [node.get(qn("w:instr")).split() for node in body.iter(qn("w:fldSimple"))]
    assert {code[1] for code in codes if code[0] == "REF"} == marks
    # What Word shows when it counts by itself is what stands there already.
    assert [code[1] for code in codes if code[0] == "SEQ"].count("Table") == 2


def test_every_cell_of_every_table_is_there_however_long(document):
    blocks = [block for section in SECTIONS for block in section.blocks if hasattr(block, "rows")]
    written = ["|".join(node.text or "" for node in one._tbl.iter(qn("w:t"))) for one in document.tables]
    for block in blocks:
        expected = "|".join([*block.columns, *(cell.text for row in block.rows for cell in row)])
        assert written.count(expected) == 1, block.name
    assert all(one._tbl.find(f".//{qn('w:tblHeader')}") is not None for one in document.tables)


def test_pages_are_a4_and_wide_tables_lie_across(figures):
    columns = tuple(f"Column {number}" for number in range(12))
    wide = make_table("wide-table", "Caption.", columns, [["1.21 (1.08 to 1.36)"] * 12])
    assert is_wide(wide) and not is_wide(table("model-a", 4))
    document = made(figures, (SECTIONS[1], Section("published", "Published", (wide,))))
    sizes = {(round(part.page_width.mm), round(part.page_height.mm), part.orientation) for part in document.sections}
    assert sizes == {(210, 297, WD_ORIENT.PORTRAIT), (297, 210, WD_ORIENT.LANDSCAPE)}
    for one in document.tables:
        total = sum(int(node.get(qn("w:w"))) for node in one._tbl.iter(qn("w:gridCol"))) / 56.7
        assert total <= (257.5 if len(one.columns) == 12 else 170.5)


def test_figures_fit_the_page_have_words_and_no_more_points_than_are_printed(document):
    shapes = document.inline_shapes
    # 180 mm are more than the page has; 180 mm of the tall one were 420 mm high.
    assert [round(shape.width.mm) for shape in shapes] == [90, 170, round(205 * 300 / 700)]
    assert all(shape.height.mm <= 206 for shape in shapes)
    assert [shape._inline.docPr.get("descr") for shape in shapes] == [
        "What roc shows",
        "What wide shows",
        "What tall shows",
    ]
    widths = sorted(part.image.px_width for part in document.part.package.image_parts)
    assert widths == [300, 1063, round(170 / 25.4 * 320)]


def test_a_figure_without_file_is_said(figures):
    words = lines(made(figures, (Section("roc", "ROC", (picture("absent"),)),)))
    assert "Figure 1. Caption of absent. (figures/absent.png is not there.)" in words


def test_two_documents_have_the_same_bytes_at_any_time(figures, tmp_path):
    for name, created in (("a", "2026-01-01"), ("b", "2027-02-02")):
        document = draft_document(SECTIONS[:3], figures, title="A title", provenance=PROVENANCE | {"created": created})
        write_same_bytes(tmp_path / f"{name}.docx", document.save)
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.docx") as archive:
        assert not [name for name in archive.namelist() if "thumbnail" in name]
        assert b"2026" not in archive.read("docProps/core.xml")


@given(st.text(max_size=30))
def test_any_text_can_stand_in_a_table(text):
    written = table_xml(make_table("any", text, ("A", text), [[text, "x"]]))
    cells = [node.text or "" for node in written.iter(qn("w:t"))]
    assert cells[2] == allowed_text(text) and cells[3] == "x"


def test_numbers_rise_without_gaps_in_each_series():
    draft = arrange_draft(SECTIONS)
    for kind in ("Table", "Figure"):
        for supplement in (False, True):
            numbers = [item.number for item in draft.listed(kind, supplement=supplement)]
            assert numbers == list(range(1, len(numbers) + 1))
