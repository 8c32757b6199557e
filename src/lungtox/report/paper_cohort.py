"""Table 1 for a paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lungtox.report.paper_numbers import DASH, FEW_PATIENTS, TableStyle, decimals_of, round_text
from lungtox.report.paper_sources import SourceRow, Sources
from lungtox.report.paper_tables import EMPTY, Column, PaperCell, PaperTable, Row, Source, Traced
from lungtox.report.paper_words import dose_note, finish_table, level_words

GROUPS = {"all": "All patients", "rp": "RP", "no_rp": "No RP"}
FILE = "cohort/table1.csv"
LARGE = 1000.0
"""Medians from here on have no decimals."""


def table1(sources: Sources, style: TableStyle) -> PaperTable:
    """Build Table 1 from cohort/table1.csv."""
    rows = sources.table(FILE, text=True)
    head, body = rows[0], rows[1:]
    sizes = {group: head.parts(group) for group in GROUPS}
    groups = {group: title for group, title in GROUPS.items() if sizes[group] and sizes[group] != ["0"]}
    few = any(float(sizes[group][0]) < FEW_PATIENTS for group in groups)
    decimals = 0 if style.percent_by_n and few else 1
    gaps = any(row.parts("missing") not in ([], ["0"]) for row in body)
    variables: dict[str, list[SourceRow]] = {}
    for row in body:
        variables.setdefault(row.text("variable"), []).append(row)
    printed = tuple(
        line for name, part in variables.items() for line in _variable(name, part, tuple(groups), decimals, gaps=gaps)
    )
    columns = (
        Column("Characteristic"),
        *(Column(f"{title} (n = {sizes[group][0]})") for group, title in groups.items()),
        *((Column("Missing"),) if gaps else ()),
    )
    kinds = {bool(row.text("level")) for row in body}
    values = [
        words
        for discrete, words in ((True, "number (%)"), (False, "median (lower quartile to upper quartile)"))
        if discrete in kinds
    ]
    notes = [
        f"Values are {' or '.join(values)}"
        + ("; percentages are of the patients whose value is known." if gaps and True in kinds else "."),
        "The groups are not compared here; tests stand in the table of single factors.",
    ]
    if float(sizes["all"][0]) > sum(float(sizes[group][0]) for group in groups if group != "all") > 0.0:
        notes.insert(1, "All patients include those whose outcome is not known; they are in neither group.")
    notes.append(dose_note(sources, list(variables)))
    if any(name.endswith(("_pre", "_during")) for name in variables):
        notes.append("Cytokines below the detection limit enter as half of it.")
    title = "Characteristics of patients, treatment and dose" + (" by radiation pneumonitis" if "rp" in groups else "")
    return finish_table(sources, "table1", title, columns, printed, notes)


def _variable(
    name: str, rows: Sequence[SourceRow], groups: Sequence[str], decimals: int, *, gaps: bool
) -> Iterator[Row]:
    first = rows[0]
    missing = (_plain(first, "missing"),) if gaps else ()
    if not first.text("level"):
        yield Row(first.text("label"), (*_medians(first, groups), *missing))
        return
    yield Row(first.text("label"), (*(EMPTY for _ in groups), *missing))
    for row in rows:
        cells = [_share(row, group, rows, decimals) for group in groups]
        yield Row(level_words(name, row.text("level")), (*cells, *((EMPTY,) if gaps else ())), indent=1)


def _plain(row: SourceRow, column: str) -> PaperCell:
    found = row.parts(column)
    return PaperCell(found[0], (row.traced_part(column, found[0], found[0]),)) if found else PaperCell(DASH)


def _medians(row: SourceRow, groups: Sequence[str]) -> Iterator[PaperCell]:
    """Print ``64.0 [57.8,70.0]`` as ``64.0 (57.8 to 70.0)``, with the same decimals in all cells of a row."""
    found = {group: row.parts(group) for group in groups}
    numbers = [number for part in found.values() for number in part]
    few = min((decimals_of(number) for number in numbers), default=0)
    decimals = 0 if any(abs(float(number)) >= LARGE for number in numbers) else few
    for group, part in found.items():
        texts = [round_text(number, decimals) for number in part]
        traced = tuple(row.traced_part(group, number, text) for number, text in zip(part, texts, strict=True))
        whole = f"{texts[0]} ({texts[1]} to {texts[2]})" if len(texts) == 3 else ", ".join(texts) or DASH
        yield PaperCell(whole, traced)


def _share(row: SourceRow, group: str, levels: Sequence[SourceRow], decimals: int) -> PaperCell:
    """Print ``12 (40.0)``; the percentage is made from the counts, so that nothing is rounded twice."""
    found = row.parts(group)
    if not found:
        return PaperCell(DASH)
    count = row.traced_part(group, found[0], found[0])
    if len(found) < 2:
        return PaperCell(found[0], (count,))
    total = sum(float(level.parts(group)[0]) for level in levels if level.parts(group))
    value = 100.0 * float(found[0]) / total if total else 0.0
    if abs(value - float(found[1])) > 0.5 * 10 ** -decimals_of(found[1]) + 1e-9:
        # the printed percentage is of other patients than the levels: it stands
        text = round_text(found[1], min(decimals, decimals_of(found[1])))
        return PaperCell(f"{found[0]} ({text})", (count, row.traced_part(group, found[1], text)))
    text = round_text(f"{value:.9f}", decimals)
    share = Traced(value, text, Source(row.file, row.row, group, "count share"))
    return PaperCell(f"{found[0]} ({text})", (count, share))
