"""Tables for a paper on single factors and on cytokines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lungtox.report.association_section import COMPARISONS
from lungtox.report.paper_numbers import DASH, FEW_PATIENTS, TableStyle, decimals_of, round_text
from lungtox.report.paper_sources import (
    SourceRow,
    Sources,
    count_cell,
    interval_cell,
    number_cell,
    p_cell,
    ratio_cell,
)
from lungtox.report.paper_tables import EMPTY, Column, PaperCell, PaperTable, Row
from lungtox.report.paper_words import dose_note, finish_table, level_words, sentence_case, test_words, tight
from lungtox.report.wording import decimals_for, plain_name

OR_COLUMNS = ("effect", "low", "high")
OR_PARTS = ("OR", "95% CI low", "95% CI high")
FIRTH = "Logistic regression with Firth penalty, because the outcome is separated."
UNIVARIABLE = "association/univariable.csv"
CYTOKINES = "association/cytokines.csv"
TABLE1 = "cohort/table1.csv"


def association(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of single factors, with the reference level of each factor from Table 1."""
    listed = sources.table(UNIVARIABLE)
    few = any((row.number(name) or 0) < FEW_PATIENTS for row in listed for name in ("n_rp", "n_no_rp"))
    decimals = 0 if style.percent_by_n and few else 1
    counts = {
        (row.text("variable"), row.text("level")): row for row in sources.table(TABLE1, text=True) if row.text("level")
    }
    families: dict[str, dict[str, list[SourceRow]]] = {}
    for row in listed:
        families.setdefault(row.text("family"), {}).setdefault(row.text("factor"), []).append(row)
    rows: list[Row] = []
    for family, factors in families.items():
        rows.append(Row(f"{sentence_case(plain_name(family))} factors", (EMPTY,) * 7, heading=True))
        for factor, part in factors.items():
            if part[0].text("level"):
                rows += _levels(sources, part, counts, style, decimals)
            else:
                rows.append(_number(sources, factor, part[0], style))
    differences = list(dict.fromkeys(name for row in listed if (name := row.text("difference_name"))))
    columns = (
        Column("Factor"),
        Column("n", italic=True),
        Column("RP"),
        Column("No RP"),
        Column("Difference (95% CI)", parts=("Difference", *OR_PARTS[1:]), notes=tuple(_difference_note(differences))),
        Column("OR (95% CI)", parts=OR_PARTS),
        Column(style.p_name, italic=True),
        Column("q", italic=True, notes=(_adjustment([plain_name(name) for name in families]),)),
    )
    means = any("\N{PLUS-MINUS SIGN}" in row.text("rp_summary") for row in listed)
    notes = [
        f"Values are {'mean (SD)' if means else 'median (lower quartile to upper quartile)'} or "
        "number/patients with a known value (%).",
        "OR: logistic regression with this factor alone, profile-likelihood interval; no adjustment for other factors.",
        f"All tests are two-sided; the levels of a factor share its {style.p_name} value.",
        "Patients whose outcome is not known are left out.",
        dose_note(sources, [row.text("factor") for row in listed]),
    ]
    title = "Association of single factors with radiation pneumonitis"
    return finish_table(sources, "association", title, columns, rows, notes)


def _adjustment(families: Sequence[str]) -> str:
    where = "over all factors" if len(families) == 1 else "within each group of factors"
    return f"Adjusted for the number of factors: Benjamini-Hochberg false discovery rate {where}."


def _difference_note(names: Sequence[str]) -> Iterator[str]:
    methods = [name.partition("(")[2].rstrip(")") for name in names]
    if methods:
        words = {"Hodges-Lehmann": "Hodges-Lehmann estimate", "means": "difference of means"}
        yield f"RP \N{MINUS SIGN} no RP, {' or '.join(words.get(name, name) for name in methods)}."


def _tested(row: SourceRow, style: TableStyle) -> tuple[PaperCell, PaperCell]:
    return p_cell(row, "p", style, notes=(test_words(row.text("test")),)), p_cell(row, "q", style)


def _number(sources: Sources, factor: str, row: SourceRow, style: TableStyle) -> Row:
    unit, per = sources.unit(factor), tight(row.text("unit"))
    label = f"{row.text('label')}{f', {unit}' if unit else ''}{f' (OR per {per})' if per else ''}"
    summaries = [row.parts(name) for name in ("rp_summary", "no_rp_summary")]
    decimals = min((decimals_of(number) for part in summaries for number in part), default=0)
    cells = [_summary(row, name, decimals) for name in ("rp_summary", "no_rp_summary")]
    difference = interval_cell(row, ("difference", "difference_low", "difference_high"), decimals=decimals, null=0.0)
    return Row(label, (count_cell(row, "n"), *cells, difference, _odds_ratio(row), *_tested(row, style)), indent=1)


def _summary(row: SourceRow, column: str, decimals: int) -> PaperCell:
    """Print ``11.6 (6.89 to 14.3)`` with equal decimals, and ``66.5 ± 4.2`` as mean (SD)."""
    found = row.parts(column)
    texts = [round_text(number, decimals) for number in found]
    numbers = tuple(row.traced_part(column, number, text) for number, text in zip(found, texts, strict=True))
    if len(texts) == 3:
        return PaperCell(f"{texts[0]} ({texts[1]} to {texts[2]})", numbers)
    return PaperCell(f"{texts[0]} ({texts[1]})" if len(texts) == 2 else ", ".join(texts) or DASH, numbers)


def _odds_ratio(row: SourceRow) -> PaperCell:
    name = row.text("effect_name")
    if row.number("effect") is None:
        return PaperCell(DASH, (), (f"{sentence_case(name)}.",) if name.startswith("no ") else ())
    return ratio_cell(row, OR_COLUMNS, notes=(FIRTH,) if "Firth" in name else ())


def _levels(
    sources: Sources,
    rows: Sequence[SourceRow],
    counts: dict[tuple[str, str], SourceRow],
    style: TableStyle,
    decimals: int,
) -> Iterator[Row]:
    first = rows[0]
    factor = first.text("factor")
    yield Row(
        first.text("label"), (count_cell(first, "n"), EMPTY, EMPTY, EMPTY, EMPTY, *_tested(first, style)), indent=1
    )
    reference = first.text("unit").rpartition(" v ")[2]
    one = PaperCell("1 (reference)")
    found = counts.get((factor, reference))
    if reference:
        shares = [EMPTY, EMPTY] if found is None else [
            _share(found, group, first, total, decimals)
            for group, total in (("rp", "n_rp"), ("no_rp", "n_no_rp"))
        ]  # fmt: skip
        yield Row(level_words(factor, reference), (EMPTY, *shares, EMPTY, one, EMPTY, EMPTY), indent=2)
    for row in rows:
        cells = [_count_and_share(row, name, decimals) for name in ("rp_summary", "no_rp_summary")]
        words = level_words(factor, row.text("level"))
        yield Row(words, (EMPTY, *cells, EMPTY, _odds_ratio(row), EMPTY, EMPTY), indent=2)


def _count_and_share(row: SourceRow, column: str, decimals: int) -> PaperCell:
    """Print ``18 of 30 (60.0 %)`` as ``18/30 (60)``."""
    found = row.parts(column)
    if len(found) != 3 or float(found[1]) == 0:
        return _summary(row, column, min((decimals_of(number) for number in found), default=0))
    text = round_text(f"{100.0 * float(found[0]) / float(found[1]):.9f}", decimals)
    numbers = tuple(
        row.traced_part(column, number, shown) for number, shown in zip(found, (found[0], found[1], text), strict=True)
    )
    return PaperCell(f"{found[0]}/{found[1]} ({text})", numbers)


def _share(found: SourceRow, group: str, first: SourceRow, total: str, decimals: int) -> PaperCell:
    """Print the reference level, whose count stands in Table 1."""
    parts, whole = found.parts(group), first.number(total)
    if not parts or not whole:
        return PaperCell(DASH)
    text = round_text(f"{100.0 * float(parts[0]) / whole:.9f}", decimals)
    count = found.traced_part(group, parts[0], parts[0])
    shares = (found.traced_part(group, parts[1], text),) if len(parts) > 1 else ()
    return PaperCell(f"{parts[0]}/{whole:.0f} ({text})", (count, *first.traced(total, f"{whole:.0f}"), *shares))


def cytokines(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of cytokines between patients with and without RP."""
    rows: list[Row] = []
    for label, unit, part in _by_cytokine(sources, "groups_"):
        rows.append(Row(f"{label}{f', {unit}' if unit else ''}", (EMPTY,) * 8, heading=True))
        rows += [_between(sources, label, row, style) for row in part]
    difference = "RP \N{MINUS SIGN} no RP, Hodges-Lehmann estimate."
    columns = (
        Column("Cytokine"),
        *(
            Column(header, spanner=group, italic=header == "n", parts=parts)
            for group in ("RP", "No RP")
            for header, parts in (("n", ()), ("Median (quartiles)", ("Median", "Lower quartile", "Upper quartile")))
        ),
        Column("Difference (95% CI)", parts=("Difference", *OR_PARTS[1:]), notes=(difference,)),
        Column(style.p_name, italic=True),
        Column("q", italic=True, notes=(COMMON_FAMILY,)),
        Column("Below limit, %", notes=(BELOW,)),
    )
    return _cytokine_table(
        sources, "cytokines", "Cytokines of patients with and without radiation pneumonitis", columns, rows
    )


COMMON_FAMILY = (
    "Adjusted for the number of comparisons: Benjamini-Hochberg false discovery rate over all comparisons of "
    "cytokines, between groups and in time."
)
BELOW = "Values below the detection limit, which enter as half of it."


def cytokine_course(sources: Sources, style: TableStyle) -> PaperTable:
    """Build the table of cytokines before and during radiotherapy, in the same patients."""
    groups = {"paired_all": "All patients", "paired_rp": "RP", "paired_no_rp": "No RP"}
    rows: list[Row] = []
    for label, unit, part in _by_cytokine(sources, "paired_"):
        rows.append(Row(f"{label}{f', {unit}' if unit else ''}", (EMPTY,) * 7, heading=True))
        for row in part:
            comparison = row.text("comparison")
            cells = (count_cell(row, "n"), *_medians(row), ratio_cell(row, OR_COLUMNS), *_tested(row, style))
            words = groups.get(comparison, COMPARISONS.get(comparison, comparison))
            rows.append(Row(words, (*cells, number_cell(row, "below_limit_pct", decimals=1)), indent=1))
    ratio = "During/before in the same patient, Hodges-Lehmann estimate on the logarithm."
    columns = (
        Column("Cytokine"),
        Column("Pairs", italic=False),
        *(
            Column(f"{time}, median (quartiles)", parts=("Median", "Lower quartile", "Upper quartile"))
            for time in ("Before", "During")
        ),
        Column("Ratio (95% CI)", parts=("Ratio", *OR_PARTS[1:]), notes=(ratio,)),
        Column(style.p_name, italic=True),
        Column("q", italic=True, notes=(COMMON_FAMILY,)),
        Column("Below limit, %", notes=(BELOW,)),
    )
    return _cytokine_table(
        sources, "cytokine_course", "Cytokines before and during radiotherapy in the same patients", columns, rows
    )


def _cytokine_table(
    sources: Sources, name: str, title: str, columns: tuple[Column, ...], rows: Sequence[Row]
) -> PaperTable:
    notes = (
        "All tests are two-sided. Patients whose value is not measured are left out of its comparisons.",
        "A value drawn during radiotherapy is known only of patients who reached the draw: no baseline predictor.",
    )
    return finish_table(sources, name, title, columns, rows, notes)


def _by_cytokine(sources: Sources, kind: str) -> Iterator[tuple[str, str, list[SourceRow]]]:
    found: dict[str, list[SourceRow]] = {}
    for row in sources.table(CYTOKINES):
        if row.text("comparison").startswith(kind):
            found.setdefault(row.text("cytokine"), []).append(row)
    for cytokine, rows in found.items():
        yield rows[0].text("label"), sources.unit(f"{cytokine}_pre"), rows


def _between(sources: Sources, label: str, row: SourceRow, style: TableStyle) -> Row:
    time = row.text("comparison").removeprefix("groups_")
    named = sources.label(f"{row.text('cytokine')}_{time}").removeprefix(label).strip()
    words = "Ratio during/before" if time == "ratio" else sentence_case(named).replace("40-50", "40 to 50")
    first, second = _medians(row)
    cells = (count_cell(row, "n_a"), first, count_cell(row, "n_b"), second)
    difference = interval_cell(row, OR_COLUMNS, decimals=_decimals(row), null=0.0)
    share = number_cell(row, "below_limit_pct", decimals=1)
    return Row(words, (*cells, difference, *_tested(row, style), share), indent=1)


def _decimals(row: SourceRow) -> int:
    """Give the decimals of a row: those of its larger median."""
    return decimals_for(max((abs(row.number(name) or 0.0) for name in ("median_a", "median_b")), default=0.0))


def _medians(row: SourceRow) -> Iterator[PaperCell]:
    for side in ("a", "b"):
        columns = (f"median_{side}", f"q1_{side}", f"q3_{side}")
        yield interval_cell(row, columns, decimals=_decimals(row))
