"""What every document for a word processor begins with: a blank A4 file, its font and pages; flags of table rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section as PageSection

FONT, EASTERN_FONT = "Arial", "SimSun"
LANGUAGE: Final = "en-GB"
BANNER: Final = "Research use, not for treatment decisions."
A4_MM: Final = (210.0, 297.0)
MARGIN_MM: Final = 20.0


def blank_document(title: str) -> Document:
    """Give an empty upright A4 document that says nothing of the template it comes from.

    Parameters
    ----------
    title : str
        Of the file's properties; the page itself stays empty.
    """
    import docx
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.ns import qn

    document = docx.Document()
    for key, relation in list(document.part.package.rels.items()):
        # The template's thumbnail shows another document.
        if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:
            del document.part.package.rels[key]
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "", BANNER
    properties.last_modified_by, properties.language = "", LANGUAGE
    styles: Any = document.styles
    for language in styles.element.xpath("w:docDefaults//w:lang"):
        language.set(qn("w:val"), LANGUAGE)
    set_page(document.sections[0], landscape=False)
    return document


def set_font(style: Any, size_pt: float, *, bold: bool = False, font: str = FONT) -> None:
    """Give a style one upright black font, for Chinese too."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    shape = style.font
    shape.name, shape.size, shape.bold, shape.italic = font, Pt(size_pt), bold, False
    shape.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.rPr.rFonts
    # A theme's font would win over the named one.
    for key in [name for name in fonts.attrib if name.endswith("Theme")]:
        del fonts.attrib[key]
    for key in ("w:hAnsi", "w:cs"):
        fonts.set(qn(key), font)
    fonts.set(qn("w:eastAsia"), EASTERN_FONT)


def set_page(section: PageSection, *, landscape: bool) -> None:
    """Make the pages of a section A4, upright or across."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm

    width, height = reversed(A4_MM) if landscape else A4_MM
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(MARGIN_MM)
    section.header_distance = section.footer_distance = Mm(9)


def row_flags(*, head: bool) -> str:
    """Give the properties that keep a table row on one page and repeat a head on each, as WordprocessingML."""
    return f"<w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>"
