"""Words of the tables for a paper: levels, units, abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lungtox.figures import weighting_label
from lungtox.report.paper_sources import Sources
from lungtox.report.paper_tables import Column, PaperTable, Row
from lungtox.report.wording import join_words

SEXES: Final = {"F": "Female", "M": "Male"}
ABBREVIATIONS: Final[Mapping[str, str]] = {
    "3D-CRT": "three-dimensional conformal radiotherapy",
    "ACE": "angiotensin-converting enzyme",
    "AIC": "Akaike information criterion",
    "AUC": "area under the receiver operating characteristic curve",
    "CI": "confidence interval",
    "E90": "90th percentile of the distance between predicted risk and smooth calibration curve",
    "EQD2": "equivalent dose in 2-Gy fractions",
    "FEV1": "forced expiratory volume in 1 second",
    "GTV": "gross tumour volume",
    "ICI": "integrated calibration index (mean distance between predicted risk and smooth calibration curve)",
    "IL-6": "interleukin 6",
    "IMRT": "intensity-modulated radiotherapy",
    "Lungs-GTV": "both lungs without the gross tumour volume",
    "LKB": "Lyman-Kutcher-Burman",
    "MLD": "mean lung dose",
    "MPWLD": "mean perfusion-weighted lung dose",
    "NTCP": "normal-tissue complication probability",
    "OR": "odds ratio",
    "QUANTEC": "Quantitative Analyses of Normal Tissue Effects in the Clinic",
    "SD": "standard deviation",
    "SE": "standard error",
    "df": "degrees of freedom",
    "RT": "radiotherapy",
    "TD50": "dose with a complication probability of 50%",
    "TGF-\N{GREEK SMALL LETTER BETA}1": "transforming growth factor beta 1",
    "TNF-\N{GREEK SMALL LETTER ALPHA}": "tumour necrosis factor alpha",
    "VMAT": "volumetric-modulated arc therapy",
    "fMLD": "mean dose of functional lung",
    "gEUD": "generalised equivalent uniform dose",
}
VX: Final = re.compile(r"(?<!\w)f?V\d+(?!\w)")


def sentence_case(text: str) -> str:
    """Give a text without underscores and with a capital first letter, unless its first word has capitals elsewhere."""
    words = text.replace("_", " ")
    first = words.partition(" ")[0]
    return words if first != first.lower() else words[:1].upper() + words[1:]


def level_words(variable: str, level: str) -> str:
    """Give the words for a level of a factor."""
    return SEXES.get(level, level) if variable == "sex" else sentence_case(level)


def finish_table(
    sources: Sources, name: str, title: str, columns: Sequence[Column], rows: Sequence[Row], notes: Sequence[str]
) -> PaperTable:
    """Put a table together, with the long forms of the abbreviations in it.

    Parameters
    ----------
    sources : Sources
    name, title, columns, rows
        Of the table.
    notes : sequence of str
        On the whole table; empty ones are left out.
    """
    kept = [note for note in notes if note]
    short = abbreviations(title, columns, rows, kept, endpoint=sources.label("rp"))
    return PaperTable(name, title, tuple(columns), tuple(rows), tuple(kept), short)


def abbreviations(
    title: str, columns: Sequence[Column], rows: Sequence[Row], notes: Sequence[str], *, endpoint: str
) -> tuple[tuple[str, str], ...]:
    """Give the abbreviations that a table uses, with their long forms, in alphabetical order.

    Parameters
    ----------
    title, columns, rows, notes
        Of the table.
    endpoint : str
        Label of the outcome, such as ``RP (CTCAE grade >= 2 within 6 months of the end of RT)``.
    """
    text = " ".join(_texts(title, columns, rows, notes))
    _, _, defined = endpoint.partition("(")
    known = {**ABBREVIATIONS, "RP": f"radiation pneumonitis{f' ({defined}' if defined else ''}"}
    if re.search(r"(?<!\w)RT(?!\w)", defined):
        text += " RT"
    if "CTCAE" in defined:
        known["CTCAE"] = "Common Terminology Criteria for Adverse Events"
        text += " CTCAE"
    used = {short: long for short, long in known.items() if _has(short, text)}
    if VX.search(text):
        used["Vx"] = "percentage of the volume receiving at least x Gy"
    return tuple(sorted(used.items(), key=lambda pair: pair[0].casefold()))


def _has(short: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(short)}(?!\w)", text) is not None


def _texts(title: str, columns: Sequence[Column], rows: Sequence[Row], notes: Sequence[str]) -> Iterator[str]:
    yield from (title, *notes)
    for column in columns:
        yield from (column.header, column.spanner, *column.notes)
    for row in rows:
        yield from (row.label, *row.notes)
        for cell in row.cells:
            yield from (cell.text, *cell.notes)


def dose_note(sources: Sources, columns: Sequence[str], *, names: Mapping[str, str] | None = None) -> str:
    """Say of which structure, weighting and dose the metrics of a table are; empty without any.

    ``names`` are other printed names of columns than those of the dictionary.
    """
    groups: dict[str, list[str]] = {}
    for column in columns:
        entry = sources.dictionary.get(column)
        parts = [] if entry is None else [part.strip() for part in entry.text("source").split(",")]
        if entry is not None and len(parts) == 4:
            structure, weighting, quantity, _ = parts
            what = "" if weighting == "anatomical" else f", {tight(weighting_label(weighting))}"
            dose = ", EQD2" if quantity == "eqd2" else ""
            groups.setdefault(f"{structure}{what}{dose}", []).append((names or {}).get(column, entry.text("label")))
    named = [f"{join_words(labels)}: {where}" for where, labels in groups.items()]
    return f"Dose metrics. {'. '.join(named)}." if named else ""


def tight(text: str) -> str:
    """Give percentages without a space, as these tables have them."""
    return re.sub(r"(?<=\d) %", "%", text)


def lowered(text: str) -> str:
    """Give a name inside a sentence: the first letter small, unless the word is an abbreviation."""
    return text if len(text) > 1 and text[1].isupper() else text[:1].lower() + text[1:]


TESTS: Final[Mapping[str, str]] = {
    "Fisher": "Fisher exact test",
    "Fisher-Freeman-Halton": "Fisher-Freeman-Halton exact test",
}


def test_words(name: str) -> str:
    """Give the sentence that names a test, with its details in brackets."""
    if name.startswith("not tested"):
        return f"{sentence_case(name)}."
    head, mark, detail = name.partition(" (")
    words = TESTS.get(head, head if "test" in head else f"{head} test")
    return f"{sentence_case(words)}{mark}{detail}."
