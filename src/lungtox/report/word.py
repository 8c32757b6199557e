"""Writing into a word processor's document: styles, captions that count, references that follow them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lungtox.report.blocks import Block, Bullets, Picture, Table, Text
from lungtox.report.draft import Numbered, Part, refer_to
from lungtox.report.word_page import BANNER, blank_document, set_font, set_page
from lungtox.report.word_table import PORTRAIT_MM, allowed_text, is_wide, table_xml

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section as PageSection
    from docx.text.paragraph import Paragraph

TALLEST_MM: Final = 205.0
MOST_DPI: Final = 320
HEADING_PT: Final = {"Title": 16.0, "Heading 1": 13.0, "Heading 2": 11.0, "Heading 3": 10.0}


def new_document(title: str) -> Document:
    """Give an empty A4 document with the styles of a manuscript.

    Parameters
    ----------
    title : str
        Of the file's properties; the page itself stays empty.
    """
    document = blank_document(title)
    _set_styles(document)
    _head_and_foot(document.sections[0])
    return document


def _set_styles(document: Document) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    styles: Any = document.styles
    styles.add_style("TableText", WD_STYLE_TYPE.PARAGRAPH).base_style = styles["Normal"]
    for name, size_pt, before, after in (
        ("Normal", 10.0, 0, 5), ("List Bullet", 10.0, 0, 3), ("Caption", 9.0, 8, 4), ("TableText", 8.0, 1, 1),
        ("Title", 16.0, 0, 8), ("Heading 1", 13.0, 14, 5), ("Heading 2", 11.0, 10, 3), ("Heading 3", 10.0, 8, 3),
    ):  # fmt: skip
        style = styles[name]
        set_font(style, size_pt, bold=name in HEADING_PT)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.line_spacing = 1.0 if name == "TableText" else 1.15
        style.paragraph_format.keep_with_next = name in HEADING_PT
    styles["Title"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
    for ornament in styles["Title"].element.xpath(".//w:pBdr | .//w:rPr/w:spacing | .//w:rPr/w:kern"):
        ornament.getparent().remove(ornament)


def _head_and_foot(section: PageSection) -> None:
    """Put the banner above and the page number below; later sections take both from the first."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    for part, text in ((section.header, BANNER), (section.footer, "")):
        paragraph = part.paragraphs[0]
        paragraph.style = "TableText"
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        if text:
            paragraph.add_run(text)
        else:
            _add_field(paragraph, "PAGE", "1")


class Writer:
    """Writes parts, captions, tables and figures one after the other.

    Parameters
    ----------
    document : docx Document
        Of `new_document`.
    figures : Path
        Folder of the PNG files of the figures.
    """

    def __init__(self, document: Document, figures: Path) -> None:
        self.document = document
        self.figures = figures
        self._landscape = False
        self._bookmarks = 0

    def heading(self, text: str, level: int) -> None:
        """Write a heading."""
        self.document.add_heading(allowed_text(text), level)

    def paragraph(self, text: str) -> None:
        """Write a paragraph; an empty one is left out."""
        if text:
            self.document.add_paragraph(allowed_text(text))

    def part(self, part: Part, *, level: int) -> None:
        """Write a headed part, and a last line that refers to its tables and figures."""
        self.heading(part.title, level)
        for block in part.blocks:
            self.block(block, level=level + 1)
        if part.shown:
            paragraph = self.document.add_paragraph("See ")
            for piece in refer_to(part.shown):
                if isinstance(piece, str):
                    paragraph.add_run(piece)
                else:
                    _add_field(paragraph, f"REF {piece.anchor} \\h", piece.label)
            paragraph.add_run(".")

    def block(self, block: Block, *, level: int) -> None:
        """Write text, a list or a heading; tables and figures stand elsewhere, under their numbers."""
        if isinstance(block, Bullets):
            for item in block.items:
                if item:
                    self.document.add_paragraph(allowed_text(item), style="List Bullet")
        elif isinstance(block, Text):
            self.paragraph(block.text)
        elif block.kind == "heading":
            self.heading(str(getattr(block, "text", "")), level)

    def start_page(self) -> None:
        """Begin a new page, upright."""
        self._turn(landscape=False, always=True)

    def table(self, item: Numbered) -> None:
        """Write a table below its caption, on a page across where it is wide."""
        assert isinstance(item.block, Table)
        self._turn(landscape=is_wide(item.block))
        self._caption(item, item.block.caption).paragraph_format.keep_with_next = True
        self._append(table_xml(item.block))
        # Two tables without a paragraph between them would become one.
        self.document.add_paragraph(style="TableText")

    def figure(self, item: Numbered) -> None:
        """Write a figure above its caption; where its PNG is missing, the caption alone says so."""
        from docx.shared import Mm

        assert isinstance(item.block, Picture)
        self._turn(landscape=False)
        file = self.figures / f"{item.block.name}.png"
        if not file.is_file():
            self._caption(item, f"{item.block.caption} (figures/{item.block.name}.png is not there.)")
            return
        paragraph = self.document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        width_mm = _fitting_mm(file, item.block.width_mm)
        shape = paragraph.add_run().add_picture(_image(file, width_mm), width=Mm(width_mm))
        words: Any = shape._inline.docPr
        words.set("descr", allowed_text(item.block.alternative))
        words.set("name", item.label)
        self._caption(item, item.block.caption)

    def _caption(self, item: Numbered, text: str) -> Paragraph:
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        paragraph = self.document.add_paragraph(style="Caption")
        self._bookmarks += 1
        for tag in ("w:bookmarkStart", "w:bookmarkEnd"):
            mark = OxmlElement(tag)
            mark.set(qn("w:id"), str(self._bookmarks))
            if tag == "w:bookmarkStart":
                mark.set(qn("w:name"), item.anchor)
                paragraph._p.append(mark)
                paragraph.add_run(f"{item.kind} {'S' if item.supplement else ''}").bold = True
                series = f"Supplementary_{item.kind}" if item.supplement else item.kind
                _add_field(paragraph, f"SEQ {series} \\* ARABIC", str(item.number), bold=True)
            else:
                paragraph._p.append(mark)
        paragraph.add_run(". ").bold = True
        paragraph.add_run(allowed_text(text))
        return paragraph

    def _append(self, element: Any) -> None:
        """Put an element before the properties of the last section, where the text goes on."""
        self.document.element.body.insert_element_before(element, "w:sectPr")

    def _turn(self, *, landscape: bool, always: bool = False) -> None:
        if landscape != self._landscape or always:
            set_page(self.document.add_section(), landscape=landscape)
            self._landscape = landscape


def _add_field(paragraph: Paragraph, instruction: str, shown: str, *, bold: bool = False) -> None:
    """Add a field: what Word counts or looks up by itself, with what it shows until then."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), f" {instruction} ")
    run = paragraph.add_run(shown)
    run.bold = bold or None
    paragraph._p.append(field)
    field.append(run._r)


def _fitting_mm(file: Path, width_mm: float) -> float:
    """Give the width at which a figure fits the page, never more than its own."""
    from PIL import Image

    with Image.open(file) as image:
        width, height = image.size
    return min(width_mm, PORTRAIT_MM, TALLEST_MM * width / height)


def _image(file: Path, width_mm: float) -> Any:
    """Give the file of a figure, or one with fewer points where it has more than a printer shows."""
    from io import BytesIO

    from PIL import Image

    with Image.open(file) as image:
        finest = round(width_mm / 25.4 * MOST_DPI)
        if image.width <= finest * 1.1:
            return str(file)
        smaller = image.convert("RGB").resize((finest, round(image.height * finest / image.width)))
    stream = BytesIO()
    smaller.save(stream, format="PNG", optimize=False, compress_level=6)
    stream.seek(0)
    return stream
