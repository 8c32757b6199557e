"""Order of the paper's draft: which blocks of the report stand where, and the numbers of tables and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lungtox.report.blocks import Block, Bullets, Folded, Notes, Picture, Section, Table, Text

LONG_ROWS = 40
SUMMARY, METHODS, LIMITATIONS, REFERENCES = "summary", "methods", "limitations", "references"
SUPPLEMENT_SECTIONS = ("names", "pages", "tripod")
MAIN_TABLES = ("table1",)
"""In the paper itself, however long."""
SUPPLEMENT_TABLES = (
    "flow", "exclusions", "missing", "registrations", "function-faults", "dose-warnings", "bounds", "strata",
    "cytokine-models", "selection", "codings", "partial", "cut-points", "function-sweep", "ntcp-criteria",
    "update-tests", "update-parameters", "update-bayes", "alpha-beta", "agreement-unpaired",
)  # fmt: skip
"""Names, or beginnings of names before a hyphen, of tables that support the paper and are not its results."""
PATIENT_COLUMNS = ("Study ID", "Study IDs", "Patient")


@dataclass(frozen=True)
class Numbered:
    """A table or figure with its number.

    Attributes
    ----------
    kind : str
        ``Table`` or ``Figure``.
    number : int
        Counted from 1 within the kind, in the paper and in the supplement apart.
    supplement : bool
    block : Table or Picture
    """

    kind: str
    number: int
    supplement: bool
    block: Table | Picture

    @property
    def label(self) -> str:
        """``Table 2``, or ``Table S2`` in the supplement."""
        return f"{self.kind} {'S' if self.supplement else ''}{self.number}"

    @property
    def anchor(self) -> str:
        """Name of the bookmark to which references lead."""
        return self.label.replace(" ", "_").lower()


@dataclass(frozen=True)
class Part:
    """A headed part of the draft: its paragraphs, and the tables and figures that it refers to."""

    title: str
    blocks: tuple[Block, ...]
    shown: tuple[Numbered, ...] = ()


@dataclass(frozen=True)
class Draft:
    """The draft in its order.

    Attributes
    ----------
    summary, methods, limitations, references : Part or None
    results : tuple of Part
    supplement : tuple of Part
        Sections that support the paper, and the notes and warnings of all others.
    shown : tuple of Numbered
        All tables and figures in order of their numbers within each kind.
    """

    summary: Part | None
    methods: Part | None
    results: tuple[Part, ...]
    limitations: Part | None
    references: Part | None
    supplement: tuple[Part, ...]
    shown: tuple[Numbered, ...]

    def listed(self, kind: str, *, supplement: bool) -> tuple[Numbered, ...]:
        """Give the tables, or the figures, of the paper or of its supplement."""
        return tuple(item for item in self.shown if item.kind == kind and item.supplement == supplement)


@dataclass
class _Counter:
    """Numbers tables and figures in the order in which they are met."""

    shown: list[Numbered] = field(default_factory=list)

    def number(self, block: Table | Picture, *, supplement: bool) -> Numbered:
        kind = "Table" if isinstance(block, Table) else "Figure"
        before = sum(item.kind == kind and item.supplement == supplement for item in self.shown)
        item = Numbered(kind, before + 1, supplement, block)
        self.shown.append(item)
        return item


def arrange_draft(sections: Sequence[Section]) -> Draft:
    """Put the sections of the report into the order of a paper and number tables and figures.

    Tables that are long, list single patients or support the results only go to the supplement, whole; so do notes
    and warnings, under the title of their section. A section of results that only says in a sentence that it is no part
    of the analysis is left out.

    Parameters
    ----------
    sections : sequence of Section
        As in the HTML report; those that are not there are left out.
    """
    counter = _Counter()
    named = {section.name: section for section in sections}
    special = (SUMMARY, METHODS, LIMITATIONS, REFERENCES, *SUPPLEMENT_SECTIONS)

    def part(name: str) -> Part | None:
        return _part(named[name], counter) if name in named else None

    # In the order of the page, so that numbers rise.
    summary, methods = part(SUMMARY), part(METHODS)
    results = tuple(
        _part(section, counter) for section in sections if section.name not in special and not _is_empty(section)
    )
    limitations, references = part(LIMITATIONS), part(REFERENCES)
    further = [_part(named[name], counter, supplement=True) for name in SUPPLEMENT_SECTIONS if name in named]
    notes = [found for section in sections if (found := _notes(section)) is not None]
    return Draft(summary, methods, results, limitations, references, tuple([*further, *notes]), tuple(counter.shown))


def _part(section: Section, counter: _Counter, *, supplement: bool = False) -> Part:
    blocks: list[Block] = []
    shown: list[Numbered] = []
    for block in section.blocks:
        if isinstance(block, Table | Picture):
            shown.append(counter.number(block, supplement=supplement or _supports(block)))
        elif not isinstance(block, Notes | Folded):
            blocks.append(block)
    return Part(section.title, tuple(blocks), tuple(shown))


def _is_empty(section: Section) -> bool:
    """Tell whether a section only says in one sentence that there is nothing: a paper leaves it out."""
    return len(section.blocks) == 1 and isinstance(section.blocks[0], Text)


def _notes(section: Section) -> Part | None:
    """Give the notes and warnings of a section, which stand in the supplement."""
    found: list[Block] = []
    for block in section.blocks:
        if isinstance(block, Notes | Folded):
            found += [Text(f"{block.title}:"), Bullets(block.items)]
    return Part(f"Notes: {section.title}", tuple(found)) if found else None


def _supports(block: Table | Picture) -> bool:
    """Tell whether a table belongs into the supplement."""
    if isinstance(block, Picture) or block.name in MAIN_TABLES:
        return False
    named = any(block.name == name or block.name.startswith(f"{name}-") for name in SUPPLEMENT_TABLES)
    return named or len(block.rows) > LONG_ROWS or any(column in PATIENT_COLUMNS for column in block.columns)


def refer_to(shown: Sequence[Numbered]) -> Iterator[str | Numbered]:
    """Give the pieces of ``Table 2, Figure 1 and Table S3``, those of the supplement last."""
    ordered = sorted(shown, key=lambda item: (item.supplement, item.kind == "Figure", item.number))
    for index, item in enumerate(ordered):
        if index:
            yield " and " if index == len(shown) - 1 else ", "
        yield item
